// Lets a function stand in for a handler: on its executor, with its cancellation slot.
#pragma once

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>

namespace prometheus_rsocket::net {

// `make(std::move(handler))` gives the function.
template <class Handler, class Executor, class Make>
auto bind_like(Handler handler, const Executor& fallback, Make make) {
  auto executor = boost::asio::get_associated_executor(handler, fallback);
  auto slot = boost::asio::get_associated_cancellation_slot(handler);
  return boost::asio::bind_cancellation_slot(
      slot, boost::asio::bind_executor(std::move(executor), make(std::move(handler))));
}

}  // namespace prometheus_rsocket::net
