// The client of the Prometheus RSocket Proxy for C++ applications. It dials the proxy and keeps the
// connection; Prometheus scrapes the proxy, and the proxy then asks this client for its metrics. So
// an application behind NAT, or one that lives for seconds, is monitored like any other.
//
//   auto registry = std::make_shared<prometheus::Registry>();
//   auto client = prometheus_rsocket::Client::Builder()
//                     .host("proxy.example").registry(registry).connect();
//   …
//   client.push_and_close_blockingly();  // the last values, kept until they have been scraped
//
// Interoperates with Micrometer's Java proxy and with prometheus-rsocket-proxy.
//
// Threads: every function may be called from any. Callbacks come from the client's Runtime thread,
// one at a time; they must return soon, may call the client, and must not destroy it. Nothing here
// throws but what Builder::connect says; what a callback throws is caught and logged. After fork()
// a client works on in the parent alone: in the child it is closed and does nothing.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace prometheus {
class Collectable;
}

namespace prometheus_rsocket {

class Runtime;

enum class Transport { kTcp, kWebSocket };

enum class Status {
  kConnecting,  // dialling, or waiting to dial again
  kConnected,   // the proxy's key has not come yet
  kReady,       // can be scraped, and can push
  kClosing,     // a push or the goodbye is under way; kClosed follows
  kClosed,      // for good: closed, pushed, or out of retries
};
[[nodiscard]] std::string_view to_string(Status status);

enum class PushResult {
  kPushed,         // acknowledged by the proxy; of push_and_close(): handed to the network
  kNotConnected,   // nothing was sent
  kNoKey,          // connected, but the proxy's key has not come: nothing was sent
  kAlreadyClosed,  // closed, or pushed before: nothing was sent
  kConnectionLost,
  kTimedOut,
  kRejected,  // the proxy answered that it did not store it
  kTooLarge,  // beyond the 16 MiB of a frame: nothing was sent
  kFailed,    // the metrics could not be collected, or not be sealed for the proxy's key
};
[[nodiscard]] std::string_view to_string(PushResult result);

enum class LogLevel { kDebug, kInfo, kWarn, kError };

// When to dial again. After a connection that lasted 30 s: at a random moment within 5 s. After a
// failure, a connection that ended sooner included: after a backoff that doubles from the first to
// the longest, half of it at random either way by default.
struct Retry {
  std::chrono::milliseconds first_backoff{10'000};  // at least 1 ms
  std::chrono::milliseconds max_backoff{600'000};   // no wait is longer
  unsigned jitter_percent = 50;                     // at most 100
  std::optional<std::uint32_t> max_retries;         // in a row; absent: for ever

  [[nodiscard]] static Retry backoff(std::chrono::milliseconds first,
                                     std::chrono::milliseconds longest) {
    return {first, longest, 50, std::nullopt};
  }
  [[nodiscard]] static Retry fixed_delay(std::uint32_t retries, std::chrono::milliseconds delay) {
    return {delay, delay, 0, retries};
  }
  // The default backoff, so many times in a row.
  [[nodiscard]] static Retry max(std::uint32_t retries) {
    Retry retry;
    retry.max_retries = retries;
    return retry;
  }
};

// Encryption. The files are PEM, and are read by connect().
struct Tls {
  std::string authorities_file = {};  // who may sign the proxy's certificate; empty: the system's
  std::string certificate_file = {};  // of the client's own, then its chain; empty: it has none
  std::string private_key_file = {};  // of that, without a passphrase
};

class Client {
 public:
  class Builder;

  // Reads MICROMETER_PROMETHEUS_RSOCKET_* as Micrometer's Spring starter does, dials, and pushes
  // and closes at the end: when the client is destroyed, or on SIGTERM. See Builder::environment()
  // for the names. Disabled, or with a value that cannot be read, which `log` is told: closed from
  // the start.
  [[nodiscard]] static Client from_environment(
      std::weak_ptr<prometheus::Collectable> registry,
      std::function<void(LogLevel, std::string_view)> log = nullptr) noexcept;

  Client(Client&& other) noexcept;
  Client& operator=(Client&& other) noexcept;
  // Pushes first, if Builder::push_at_end() says so. Waits for a push that is under way, at most
  // its timeout, closes, and waits until no callback runs any more.
  ~Client();

  [[nodiscard]] Status status() const noexcept;

  // Waits until the proxy's key has come, so that a push can be sent. False when it has not within
  // `timeout`, or when the client is closed; one that is closing is waited for until then. Not from
  // a callback: there it does not wait.
  bool wait_until_ready(std::chrono::milliseconds timeout) noexcept;

  // Tells the proxy goodbye and closes, for good. Does not wait.
  void close() noexcept;

  // Collects the metrics once more, sends them, and closes, for good: no scrape is answered and no
  // connection made from now on. The proxy keeps them until they have been scraped. Does not wait:
  // the destructor does. Without the proxy's key nothing is sent.
  void push_and_close() noexcept;

  // The same, and waits until the proxy has acknowledged it: returns within `timeout`, whatever
  // happens. Without an argument: the Builder's timeout. Not from a callback: there it does not
  // wait, and says kTimedOut.
  PushResult push_and_close_blockingly() noexcept;
  PushResult push_and_close_blockingly(std::chrono::milliseconds timeout) noexcept;

 private:
  class Impl;
  explicit Client(std::unique_ptr<Impl> impl) noexcept;
  std::unique_ptr<Impl> impl_;  // null: moved from, or it could not start
};

// Reusable: each connect() makes another client.
class Client::Builder {
 public:
  Builder();
  ~Builder();
  Builder(const Builder& other);
  Builder& operator=(const Builder& other);

  Builder& host(std::string host);            // default: localhost
  Builder& port(std::uint16_t port);          // default: 7001, over WebSocket 8081
  Builder& transport(Transport transport);    // default: TCP
  Builder& websocket_path(std::string path);  // default: /
  // Over TLS: the proxy's certificate has to be for host(). Default: in clear.
  Builder& tls(Tls tls = {});
  // Tells the proxy a bearer token, of visible ASCII: in SETUP over TCP, in the Authorization
  // header over WebSocket. Over TLS alone.
  Builder& token(std::string token);
  Builder& retry(Retry retry);                            // out of range: the nearest value in it
  Builder& timeout(std::chrono::milliseconds t);          // of what waits; default: 5 s
  Builder& connect_timeout(std::chrono::milliseconds t);  // of one attempt; default: 10 s

  // What is scraped: all that is given here, in order, families of one name together. A registry
  // that is gone is left out. A function returns the Prometheus text format.
  Builder& registry(std::weak_ptr<prometheus::Collectable> registry);
  Builder& metrics(std::function<std::string()> metrics);

  // How the client names itself to a prometheus-rsocket-proxy. Without: it has no name.
  Builder& job(std::string job);
  Builder& instance(std::string instance);
  Builder& label(std::string name, std::string value);

  Builder& on_key_received(std::function<void()> callback);  // with every scrape, as in Java
  Builder& on_status(std::function<void(Status)> callback);
  Builder& log(std::function<void(LogLevel, std::string_view)> callback);

  // Takes what the environment says, each under MICROMETER_PROMETHEUS_RSOCKET_ and with or without
  // the inner underscores: HOST, PORT, TRANSPORT (TCP, WEBSOCKET), TIMEOUT, MAX_RETRIES,
  // FIRST_BACKOFF, MAX_BACKOFF (`10s`, `1m30s`, `PT10S`, or milliseconds), ENABLED, and SECURE,
  // which is tls() as given here or without files, or takes it back. False when the client is not
  // to be connected: disabled, or with the reason in `*problem`.
  bool environment(std::string* problem);

  // Whether the client pushes and closes when it is destroyed, and when SIGTERM comes: then all
  // clients that were told so push, at most their timeouts, and the signal takes its course. A
  // program that has its own SIGTERM handler by the time of connect() keeps it. Default: no.
  Builder& push_at_end(bool push);

  // The thread to run on; default: Runtime::shared().
  Builder& runtime(std::shared_ptr<Runtime> runtime);

  // A client that dials, and dials again whenever the connection ends. When the system gives no
  // thread for it, the files of tls() cannot be used, or a token would go out in clear, which is
  // logged, the client is closed from the start.
  [[nodiscard]] Client connect() const noexcept;
  // The same, and waits until the proxy's key has come, at most `timeout` (default: timeout()); see
  // Client::status() for whether it has.
  [[nodiscard]] Client connect_blockingly() const noexcept;
  [[nodiscard]] Client connect_blockingly(std::chrono::milliseconds timeout) const noexcept;

  struct Settings;

 private:
  std::unique_ptr<Settings> settings_;
};

}  // namespace prometheus_rsocket
