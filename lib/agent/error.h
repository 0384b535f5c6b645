// Why a push was not acknowledged, as error codes.
#pragma once

#include <boost/system/error_code.hpp>

namespace prometheus_rsocket::agent {

enum class AgentError {
  kNotConnected = 1,  // nothing was sent
  kNoKey,             // connected, but no key has come: nothing was sent
  kAlreadyClosing,    // close() or another push came first: nothing was sent
  kConnectionLost,    // sent at most in part, or not acknowledged
  kTimedOut,          // not acknowledged, or not flushed, in time
  kRejected,          // the proxy answered with an error: it did not store the push
};

[[nodiscard]] boost::system::error_code make_error_code(AgentError error);

}  // namespace prometheus_rsocket::agent

template <>
struct boost::system::is_error_code_enum<prometheus_rsocket::agent::AgentError> : std::true_type {};
