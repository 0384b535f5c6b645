// One HTTP request and its answer, as a handler sees it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"
#include "runtime/network.h"
#include "runtime/tls.h"

namespace prometheus_rsocket::http {

struct Target {
  std::string path;                                        // decoded
  std::vector<std::pair<std::string, std::string>> query;  // decoded, in order
};

// A target in origin form or, as proxies on the way send it, in absolute form (RFC 9112, 3.2);
// nothing when it is neither, or its escapes are broken.
[[nodiscard]] std::optional<Target> parse_target(std::string_view target);

struct Request {
  std::string method;
  Target target;
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  runtime::Endpoint remote;
  std::vector<runtime::TlsName> peer_names = {};  // of a verified certificate

  // Several of one name are one list; `name` in lower case.
  [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const;
  [[nodiscard]] std::optional<std::string_view> parameter(std::string_view name) const;
};

// `%41` to `A`, `+` to a blank where that is wanted; nothing when an escape is broken.
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text, bool plus_is_blank);

struct Head {
  unsigned status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::vector<std::pair<std::string, std::string>> headers = {};
};

enum class Outcome {
  // The body was written whole, and after it came another request, a FIN or kIdleTime of silence
  // from a peer that by then had acknowledged all of it. What had come before the last byte was
  // written, a pipelined request or an early FIN, tells nothing; nor does the FIN of a scraper that
  // gives up while the answer is under way.
  kComplete,
  kIncomplete,  // reset, write failed, aborted, too late, or the server ended before it was known
};

// Shared: the handler holds it until it has answered. One shard.
class Exchange {
 public:
  // Appends the next piece of a body to `out`, a few 64 KiB at most, whatever stands there already;
  // false when nothing was left.
  // What takes long in between is done in parts: after a piece of nothing others have their turn.
  using BodySource = std::function<bool(std::string& out)>;

  virtual ~Exchange() = default;
  [[nodiscard]] virtual const Request& request() const = 0;

  // One of these, once. A HEAD request gets the head alone.
  virtual void respond(Head head, std::string body) = 0;
  // The body in pieces, each asked for when the peer has taken the one before: never held whole.
  // In the content coding that the request asks for, gzip or zstd: then the next few pieces are
  // asked for before that. The source is destroyed when it has ended or is not wanted any more.
  virtual void stream(Head head, BodySource source) = 0;

  // An answer that is not out by then is broken off, without a final chunk; kAnswerTime after the
  // request where none is set.
  virtual void set_deadline(base::Instant deadline) = 0;

  // How long the peer has let us wait, in all, for it to take what was written of the answer; it
  // grows while we wait.
  [[nodiscard]] virtual base::Duration waited() const = 0;
  // Of that, since it took anything last.
  [[nodiscard]] virtual base::Duration stalled() const = 0;
  // Breaks the answer off now, as if its deadline had come. Nothing where there is none under way.
  virtual void break_off() = 0;

  // Called once, when it is known. Set before answering.
  virtual void on_outcome(std::function<void(Outcome)> outcome) = 0;
};

class RequestHandler {
 public:
  virtual ~RequestHandler() = default;
  // Answers now or later.
  virtual void handle(const std::shared_ptr<Exchange>& exchange) = 0;
};

// A few words.
inline void respond(Exchange& exchange, unsigned status, std::string text) {
  exchange.respond({.status = status}, std::move(text));
}

}  // namespace prometheus_rsocket::http
