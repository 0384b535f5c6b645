#include "agent/error.h"

#include <string>

namespace prometheus_rsocket::agent {
namespace {

class Category final : public boost::system::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "agent"; }
  [[nodiscard]] std::string message(int value) const override {
    switch (static_cast<AgentError>(value)) {
      case AgentError::kNotConnected:
        return "not connected to a proxy";
      case AgentError::kNoKey:
        return "the proxy has not sent a key";
      case AgentError::kAlreadyClosing:
        return "already closing or closed";
      case AgentError::kConnectionLost:
        return "the connection was lost before the push was acknowledged";
      case AgentError::kTimedOut:
        return "the push was not acknowledged in time";
      case AgentError::kRejected:
        return "the proxy rejected the push";
    }
    return "unknown agent error";
  }
};

}  // namespace

boost::system::error_code make_error_code(AgentError error) {
  static const Category category;
  return {static_cast<int>(error), category};
}

}  // namespace prometheus_rsocket::agent
