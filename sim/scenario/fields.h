// The fields of a scenario's parts with their names: the one list that JSON, its reader and the
// shrinker go by.
#pragma once

#include "sim/scenario/scenario.h"

namespace prometheus_rsocket::sim::scenario {

// Calls `field(name, member)` for each.
template <class SetupRef, class Field>
void for_each_field_of_setup(SetupRef& setup, Field&& field) {
  field("seed", setup.seed);
  field("duration", setup.duration);
  field("settle", setup.settle);
  field("proxies", setup.proxies);
  field("shards", setup.shards);
  field("clients", setup.clients);
  field("java_113_clients", setup.java_113_clients);
  field("java_114_clients", setup.java_114_clients);
  field("java_115_clients", setup.java_115_clients);
  field("websocket_percent", setup.websocket_percent);
  field("parts_max", setup.parts_max);
  field("scrapers", setup.scrapers);
  field("scrape_interval", setup.scrape_interval);
  field("scrape_timeout", setup.scrape_timeout);
  field("discoverers", setup.discoverers);
  field("discovery_interval", setup.discovery_interval);
  field("departed_grace", setup.departed_grace);
  field("load_balancer", setup.load_balancer);
  field("least_connections", setup.least_connections);
  field("proxy_header", setup.proxy_header);
  field("forwarded_for", setup.forwarded_for);
  field("first_backoff", setup.first_backoff);
  field("max_backoff", setup.max_backoff);
  field("key_rotation", setup.key_rotation);
  field("key_delay_max", setup.key_delay_max);
  field("shutdown_grace", setup.shutdown_grace);
  field("connection_age", setup.connection_age);
  field("connections_spare", setup.connections_spare);
  field("push_store", setup.push_store);
  field("push_commit_delay", setup.push_commit_delay);
  field("payload_bytes_max", setup.payload_bytes_max);
  field("latency", setup.latency);
  field("jitter", setup.jitter);
  field("tail_percent", setup.tail_percent);
  field("tail", setup.tail);
  field("short_read_percent", setup.short_read_percent);
  field("short_write_percent", setup.short_write_percent);
  field("short_connections_percent", setup.short_connections_percent);
  field("reset_loses_unread_percent", setup.reset_loses_unread_percent);
  field("window_bytes", setup.window_bytes);
  field("bandwidth", setup.bandwidth);
  field("real_keys", setup.real_keys);
}

// All but the kind.
template <class CommandRef, class Field>
void for_each_field_of_command(CommandRef& command, Field&& field) {
  field("at", command.at);
  field("target", command.target);
  field("length", command.length);
  field("amount", command.amount);
}

template <class FaultRef, class Field>
void for_each_field_of_fault(FaultRef& fault, Field&& field) {
  field("at", fault.at);
  field("length", fault.length);
  field("a", fault.a);
  field("b", fault.b);
  field("amount", fault.amount);
}

}  // namespace prometheus_rsocket::sim::scenario
