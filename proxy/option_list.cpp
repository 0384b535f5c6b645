#include "proxy/option_list.h"

#include "envelope/limits.h"

namespace prometheus_rsocket::proxy {

namespace {

using namespace std::chrono_literals;

Option config_file(std::string& value) {
  Option option = text_option("config.file", "FILE", value,
                              "YAML; its keys are these flags without the dashes");
  option.in_file = false;
  return option;
}

Option access_file(std::string name, std::string& value, std::string help) {
  Option option = text_option(std::move(name), "FILE", value, std::move(help));
  option.may_be_empty = true;
  return option;
}

Option push_store(std::string& value) {
  Option option = text_option("push.store", "DIR", value,
                              "folder in which pushes outlive the proxy; empty: in memory alone");
  option.may_be_empty = true;
  return option;
}

}  // namespace

std::vector<Option> option_list(OptionValues& values) {
  Options& options = values.options;
  server::Config& config = options.server;
  return {
      address_option("web.listen-address", values.web, "HTTP, for Prometheus"),
      access_file("web.config.file", options.web_config_file,
                  "TLS, users and headers, as Prometheus' exporters have them; read again when it "
                  "changes"),
      switch_option("web.health-without-auth", config.web_health_without_auth,
                    "/-/healthy and /-/ready ask for no user"),
      switch_option("web.enable-lifecycle", config.web_lifecycle,
                    "POST to /-/reload reads these files again, to /-/quit ends the proxy"),
      address_option("rsocket.tcp-address", values.tcp, "RSocket over TCP"),
      address_option("rsocket.websocket-address", values.websocket, "RSocket over WebSocket"),
      access_file("rsocket.config.file", options.rsocket_config_file,
                  "TLS, and what clients have to show: tokens and certificates"),
      number_option<std::size_t>("rsocket.max-connections", config.connections_max, 1, 1'000'000,
                                 "clients at once; more are held and then closed"),
      number_option<std::size_t>(
          "rsocket.max-connections-per-address", config.connections_per_address_max, 0, 1'000'000,
          "of these from one address, or IPv6 network of 64 bits; 0: as many as there is room for"),
      switch_option(
          "rsocket.proxy-protocol", config.proxy_protocol,
          "connections of trusted proxies begin with a PROXY header, all others must not"),
      ranges_option("rsocket.trusted-proxies", config.trusted_proxies,
                    "load balancers, as ADDRESS or ADDRESS/BITS: their X-Forwarded-For and PROXY "
                    "headers say who the client is"),
      duration_option("rsocket.max-connection-age", config.connection_age_max, 0ms,
                      "after which a client is sent away, to be spread anew; 0s: never"),
      size_option("rsocket.max-payload", config.payload_bytes_max, "16MiB",
                  "a client's reply or push, as it comes"),
      size_option("rsocket.max-uncompressed", config.uncompressed_bytes_max, "64MiB",
                  "the text in a reply or push, and as much again for what is found in it"),
      size_option("rsocket.max-inflight-bytes", config.inflight_bytes_max, "256MiB",
                  "replies and pushes on their way in, all clients together"),
      duration_option("scrape.default-timeout", config.scrape_default_timeout, 1ms,
                      "for scrapers that do not say how long they wait"),
      duration_option("scrape.timeout-offset", config.scrape_timeout_offset, 0ms,
                      "how long before the scraper's own timeout the page begins"),
      choice_option<bool>("scrape.honor-timestamps", config.scrape_honor_timestamps,
                          {{"true", true}, {"false", false}},
                          "false: the page is written without the clients' timestamps"),
      number_option<std::size_t>("scrape.max-concurrent", config.scrapes_max, 1, 1000,
                                 "scrapes at once; more wait, and who does not read gives way"),
      size_option(
          "scrape.max-bytes", config.page_bytes_max, "1GiB",
          "memory of one page: text, index and merging; and, with a quarter more for what is "
          "remembered, of all pages under way"),
      text_option("web.external-address", "HOST:PORT", config.web_external_address,
                  "where /sd sends scrapers; by default what they call this proxy"),
      switch_option("labels.identity", config.labels_identity,
                    "give every sample its client's job and instance; with honor_labels: true"),
      duration_option("sd.grace", config.sd_grace, 0ms,
                      "how long a client whose connection was lost is still listed in /sd"),
      push_store(options.push_store),
      duration_option("push.ttl", config.push.ttl, 1ms,
                      "how long a push is held after its first showing"),
      size_option("push.max-bytes", config.push.bytes_max, "256MiB",
                  "memory of all pushes held: text and index"),
      number_option<std::size_t>("push.max-count", config.push.pushes_max, 1, 10'000'000,
                                 "pushes held at once"),
      duration_option("key.rotation", config.key_rotation, 1ms, "how long a key pair is used"),
      number_option<unsigned>("key.bits", config.key_bits, 2048, envelope::kRsaBitsMax,
                              "size of the RSA modulus"),
      number_option<std::size_t>("threads", options.threads, 1, 1024, "event loops"),
      duration_option("shutdown.grace", config.shutdown_grace, 0ms,
                      "how long clients are given to leave after SIGTERM"),
      choice_option<runtime::LogLevel>("log.level", options.log_level,
                                       {{"debug", runtime::LogLevel::kDebug},
                                        {"info", runtime::LogLevel::kInfo},
                                        {"warn", runtime::LogLevel::kWarn},
                                        {"error", runtime::LogLevel::kError}},
                                       "the least that is logged"),
      choice_option<net::LogFormat>(
          "log.format", options.log_format,
          {{"logfmt", net::LogFormat::kLogfmt}, {"json", net::LogFormat::kJson}},
          "of the log on stderr"),
      config_file(values.config_file),
      switch_option("config.check", options.check_only, "check the configuration and end"),
  };
}

}  // namespace prometheus_rsocket::proxy
