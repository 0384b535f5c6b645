// The two vocabulary types of every asynchronous operation at the seam.
//
// The rules of Boost.Asio hold: a handler is called exactly once, on its associated executor, never
// from within the function that started the operation; an object destroyed with an operation under
// way either completes it with operation_aborted or destroys the handler without calling it. Reads,
// writes, accepts, dials and timers' waits can be cancelled through the handler's cancellation
// slot, as long as they are under way: not once their object is gone.
#pragma once

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/system/error_code.hpp>

namespace prometheus_rsocket::runtime {

using boost::system::error_code;

using Executor = boost::asio::any_io_executor;

// Move-construct it, never assign to it: in Boost 1.81 its assignment calls itself without end. To
// keep one, use std::optional and emplace().
template <class Signature>
using Handler = boost::asio::any_completion_handler<Signature>;

}  // namespace prometheus_rsocket::runtime
