// Completes operations of the seam that need none of Asio's own, or are made of several.
#pragma once

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <utility>

#include "runtime/handler.h"

namespace prometheus_rsocket::net {

template <class Handler, class... Results>
auto completion(const runtime::Executor& executor, Handler handler, Results... results) {
  auto where = boost::asio::get_associated_executor(handler, executor);
  return boost::asio::bind_executor(where,
                                    [h = std::move(handler), ... r = std::move(results)]() mutable {
                                      std::move(h)(std::move(r)...);
                                    });
}

// Later: from within the function that starts an operation. `executor` is that of its object.
template <class Handler, class... Results>
void post_completion(const runtime::Executor& executor, Handler handler, Results... results) {
  boost::asio::post(executor, completion(executor, std::move(handler), std::move(results)...));
}

// From within the completion of an operation below: now, where the handler's executor is ours.
template <class Handler, class... Results>
void complete(const runtime::Executor& executor, Handler handler, Results... results) {
  boost::asio::dispatch(completion(executor, std::move(handler), std::move(results)...));
}

}  // namespace prometheus_rsocket::net
