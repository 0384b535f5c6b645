// The one translation unit with Beast's HTTP in it: it takes long to compile.

#include "http/connection.h"

#include <algorithm>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <exception>
#include <iterator>
#include <utility>

#include "base/ascii.h"
#include "base/check.h"
#include "http/body.h"
#include "http/latch.h"
#include "http/limits.h"
#include "http/negotiation.h"
#include "http/server.h"
#include "http/wait_time.h"
#include "runtime/alarm.h"

namespace prometheus_rsocket::http {
namespace {

namespace asio = boost::asio;
namespace beast_http = boost::beast::http;
using runtime::error_code;
constexpr std::size_t kReadBytes = 4096;
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

using Parser = beast_http::request_parser<beast_http::string_body>;

struct Answer {
  Head head;
  std::string body;             // when there is no source
  Exchange::BodySource source;  // or in pieces
};

class HttpExchange final : public Exchange {
 public:
  HttpExchange(const runtime::Shard& shard, Request request)
      : request_(std::move(request)), waits_(shard.clock), answered_(shard.executor) {}
  ~HttpExchange() override { settle(Outcome::kIncomplete); }

  const Request& request() const override { return request_; }
  void respond(Head head, std::string body) override {
    answer({std::move(head), std::move(body), nullptr});
  }
  void stream(Head head, BodySource source) override {
    answer({std::move(head), {}, std::move(source)});
  }
  void set_deadline(base::Instant deadline) override { deadline_ = deadline; }
  void on_outcome(std::function<void(Outcome)> outcome) override {
    on_outcome_ = std::move(outcome);
  }

  base::Duration waited() const override { return waits_.total(); }
  base::Duration stalled() const override { return waits_.stall(); }
  void break_off() override {
    if (break_off_) break_off_();
  }

  std::optional<base::Instant> deadline() const { return deadline_; }
  WaitTime& waits() { return waits_; }
  // What break_off() does: nothing before an answer's first byte and after its last.
  void set_break_off(std::function<void()> how) { break_off_ = std::move(how); }
  void settle(Outcome outcome) {
    if (const auto tell = std::exchange(on_outcome_, nullptr)) tell(outcome);
  }

  template <class Token>
  auto async_wait_answer(Token&& token) {
    return answered_.async_wait(std::forward<Token>(token));
  }
  // Whoever waits for the answer or the outcome is destroyed instead of being called.
  void abandon() {
    on_outcome_ = nullptr;
    break_off_ = nullptr;
    answered_.abandon();
  }
  bool is_awaited() const { return on_outcome_ != nullptr; }
  Answer take_answer() { return *std::exchange(answer_, std::nullopt); }

 private:
  void answer(Answer answer) {
    CHECK(!answered_.is_open(), "a request is answered once");
    answer_ = std::move(answer);
    answered_.open();
  }

  const Request request_;
  std::optional<base::Instant> deadline_;
  WaitTime waits_;
  std::function<void()> break_off_;
  std::function<void(Outcome)> on_outcome_;
  Latch answered_;
  std::optional<Answer> answer_;
};

bool has_too_many_fields(const Parser::value_type& message) {
  const auto fields = std::distance(message.begin(), message.end());
  return static_cast<std::size_t>(fields) > kRequestHeaderFieldsMax;
}

// Nothing when it is not as RFC 9112 has it.
std::optional<Request> read_request(const Parser::value_type& message, runtime::Endpoint remote) {
  const auto hosts = message.count(beast_http::field::host);
  if (hosts > 1 || (hosts == 0 && message.version() >= 11)) return std::nullopt;
  auto target = parse_target({message.target().data(), message.target().size()});
  if (!target) return std::nullopt;
  Request request{std::string(message.method_string()), std::move(*target), {}, remote};
  for (const auto& field : message) {
    std::string name = base::to_lower({field.name_string().data(), field.name_string().size()});
    const auto before =
        std::ranges::find(request.headers, name, &decltype(request.headers)::value_type::first);
    if (before == request.headers.end()) {
      request.headers.emplace_back(std::move(name), std::string(field.value()));
    } else {
      before->second.append(", ").append(field.value());  // one list (RFC 9110, 5.3)
    }
  }
  return request;
}

// RFC 9112, 6.3 and 7.1: where its body ends is not known unless "chunked" is its last coding, and
// that without parameters; what follows is no request.
bool is_of_unknown_length(const Parser& parser) {
  const auto coding = parser.get().find(beast_http::field::transfer_encoding);
  if (coding == parser.get().end()) return false;
  std::string_view last{coding->value().data(), coding->value().size()};
  last.remove_prefix(last.rfind(',') + 1);  // none: npos + 1 is 0
  return !parser.chunked() || base::to_lower(base::trim(last)) != "chunked";
}

// The answer to what could not be parsed; nothing when the stream broke instead.
std::optional<unsigned> status_of(error_code error) {
  if (error == beast_http::error::header_limit) return 431;
  if (error == beast_http::error::body_limit) return 413;
  if (error == beast_http::error::partial_message) return std::nullopt;
  const error_code of_parser = beast_http::error::bad_method;
  if (error.category() != of_parser.category()) return std::nullopt;
  return 400;
}

class BeastConnection final : public Connection,
                              public std::enable_shared_from_this<BeastConnection> {
 public:
  BeastConnection(runtime::Shard& shard, std::unique_ptr<runtime::Stream> stream,
                  std::vector<runtime::TlsName> peer_names, RequestHandler& handler,
                  const Settings& settings, const Encoders& encoders, std::function<void()> ended)
      : shard_(shard),
        stream_(std::move(stream)),
        peer_names_(std::move(peer_names)),
        handler_(handler),
        settings_(settings),
        encoders_(encoders),
        ended_(std::move(ended)),
        alarm_(shard, [this] { time_out(); }),
        read_(shard.executor) {}

  void start() override {
    asio::co_spawn(
        shard_.executor, run(),
        [self = shared_from_this()](const std::exception_ptr& thrown) { self->end(thrown); });
  }
  void finish() override {
    finishing_ = true;
    if (!idle_since_) return;
    if (std::ranges::none_of(unsettled_, &HttpExchange::is_awaited)) return drop();
    limit(kIdleLingerTime);
    // Reading goes on; where this fails that fails, too.
    stream_->async_shutdown_send(
        asio::bind_executor(shard_.executor, [self = shared_from_this()](error_code) {}));
  }
  std::optional<base::Instant> waits_since() const override {
    if (idle_since_) return idle_since_;
    if (waits_since_) return waits_since_;
    return answering_ ? answering_->waits().since() : std::nullopt;
  }
  void renew() override {
    outdated_ = true;
    finish();
  }
  void time_out() override {
    if (idle_since_ && !finishing_) settle_if_arrived();
    drop();
  }
  void detach() override {
    ended_ = nullptr;
    detached_ = true;
    stream_->close();
    read_.abandon();
    if (body_) body_->abandon();
    for (const auto& exchange : std::exchange(unsettled_, {})) exchange->abandon();
  }

 private:
  template <class Result = void>
  using awaitable = asio::awaitable<Result>;

  void end(const std::exception_ptr& thrown) {
    CHECK(!thrown, "errors of the stream are values");
    settle(Outcome::kIncomplete);
    stream_->close();
    if (const auto ended = std::exchange(ended_, nullptr)) ended();
  }

  // What is known now of the answers before.
  void settle(Outcome outcome) {
    for (const auto& exchange : std::exchange(unsettled_, {})) exchange->settle(outcome);
  }

  // After words or silence of a peer. A FIN comes from one that gave up with the answer under way,
  // too: it has acknowledged less.
  void settle_if_arrived() {
    if (stream_->is_acknowledged()) settle(Outcome::kComplete);
  }

  void drop() {
    stream_->close();
    if (body_) body_->stop();
  }

  void limit(base::Duration time) { alarm_.set(shard_.clock.now() + time); }

  awaitable<> run() {
    bool keep_alive = true;
    while (keep_alive && !finishing_) {
      if (!co_await wait_for_request() || finishing_) co_return;
      Parser parser;
      parser.header_limit(static_cast<std::uint32_t>(kRequestHeaderBytesMax));
      parser.body_limit(kRequestBodyBytesMax);
      limit(kRequestTime);
      waits_since_ = shard_.clock.now();
      const error_code error = co_await read_request_into(parser);
      waits_since_.reset();
      if (detached_) co_return;
      if (error) {
        if (const auto status = status_of(error)) co_await refuse(*status);
        co_return;
      }
      if (outdated_) co_return;
      if (has_too_many_fields(parser.get())) {
        co_await refuse(431);
        co_return;
      }
      // A body without a length ends with the connection: so do all answers to HTTP/1.0.
      keep_alive = parser.get().keep_alive() && parser.get().version() >= 11;
      auto request = read_request(parser.get(), stream_->remote_endpoint());
      if (!request) {
        co_await refuse(400);
        co_return;
      }
      request->peer_names = peer_names_;
      if (!co_await serve(std::move(*request), parser.get().version(), keep_alive)) co_return;
      answering_.reset();
      answered_ = true;
      alarm_.clear();
    }
    co_await say_goodbye();
  }

  // Reads on while a request is answered, too: what comes after the answer's last byte tells that
  // it has arrived, and what comes before tells nothing.
  void read_on() {
    if (reading_ || read_.is_open()) return;
    reading_ = true;
    stream_->async_read_some(
        buffer_.prepare(kReadBytes),
        asio::bind_executor(shard_.executor,
                            [self = shared_from_this()](error_code error, std::size_t bytes) {
                              self->reading_ = false;
                              self->buffer_.commit(bytes);
                              self->read_error_ = error;
                              const bool came = !error || error == asio::error::eof;
                              if (came && self->answered_) self->settle_if_arrived();
                              if (!self->detached_) self->read_.open();
                            }));
  }

  // Takes what read_on() has read or will read; REQUIRES: read_on() was called.
  awaitable<error_code> wait_for_read() {
    if (detached_) co_return asio::error::operation_aborted;
    co_await read_.async_wait(asio::use_awaitable);
    read_.shut();
    co_return read_error_;
  }

  awaitable<bool> wait_for_request() {
    if (buffer_.size() == 0 || read_.is_open() || reading_) {
      idle_since_ = shard_.clock.now();
      limit(kIdleTime);
      read_on();
      const error_code error = co_await wait_for_read();
      idle_since_.reset();
      alarm_.clear();
      if (error) co_return false;
    }
    answered_ = false;
    co_return true;
  }

  awaitable<error_code> read_request_into(Parser& parser) {
    error_code error;
    co_await beast_http::async_read_header(*stream_, buffer_, parser,
                                           asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return error;
    if (is_of_unknown_length(parser)) co_return beast_http::error::bad_transfer_encoding;
    if (parser.is_done()) co_return error;
    if (parser.get()[beast_http::field::expect] == "100-continue") {
      co_await asio::async_write(*stream_, asio::buffer(kContinue),
                                 asio::redirect_error(asio::use_awaitable, error));
      if (error) co_return error;
    }
    co_await beast_http::async_read(*stream_, buffer_, parser,
                                    asio::redirect_error(asio::use_awaitable, error));
    co_return error;
  }

  awaitable<bool> serve(Request request, unsigned version, bool keep_alive) {
    const bool head_only = request.method == "HEAD";
    const ContentCoding coding = negotiate_coding(request.header("accept-encoding").value_or(""));
    const auto exchange = std::make_shared<HttpExchange>(shard_, std::move(request));
    answering_ = exchange;
    if (unsettled_.size() == kUnsettledMax) settle(Outcome::kIncomplete);
    unsettled_.push_back(exchange);
    const base::Instant begin = shard_.clock.now();
    alarm_.clear();  // the handler has the time it takes
    if (buffer_.size() == 0) read_on();
    handler_.handle(exchange);
    co_await exchange->async_wait_answer(asio::use_awaitable);
    if (detached_) co_return false;
    Answer answer = exchange->take_answer();

    beast_http::response<beast_http::empty_body> response(
        static_cast<beast_http::status>(answer.head.status), version);
    response.set(beast_http::field::content_type, answer.head.content_type);
    for (const auto& [name, value] : settings_.headers) response.insert(name, value);
    for (const auto& [name, value] : answer.head.headers) response.insert(name, value);
    response.keep_alive(keep_alive && !finishing_);
    const bool chunked = answer.source && version >= 11;
    if (answer.source) {
      response.set(beast_http::field::vary, "Accept, Accept-Encoding");
      if (coding != ContentCoding::kIdentity) {
        response.set(beast_http::field::content_encoding, name_of(coding));
      }
      if (chunked) {
        response.chunked(true);
      } else {
        response.keep_alive(false);
      }
    } else {
      response.content_length(answer.body.size());
    }
    const base::Instant deadline = exchange->deadline().value_or(begin + kAnswerTime);
    const auto limit_piece = [&] {
      alarm_.set(std::min(deadline, shard_.clock.now() + kWriteStallTime));
    };
    limit_piece();
    beast_http::response_serializer<beast_http::empty_body> serializer(response);
    error_code error;
    // What the answer holds is held while its head is not read, too.
    if (answer.source) exchange->set_break_off([this] { drop(); });
    exchange->waits().begin();
    co_await beast_http::async_write_header(*stream_, serializer,
                                            asio::redirect_error(asio::use_awaitable, error));
    exchange->waits().end();
    if (error || detached_ || head_only) {
      exchange->set_break_off(nullptr);
      co_return !error && !detached_;
    }
    if (!answer.source) {
      exchange->waits().begin();
      co_await asio::async_write(*stream_, asio::buffer(answer.body),
                                 asio::redirect_error(asio::use_awaitable, error));
      exchange->waits().end();
      co_return !error;
    }
    body_.emplace(*stream_, encoders_, coding, std::move(answer.source), chunked);
    const bool is_whole = co_await body_->write(limit_piece, exchange->waits());
    exchange->set_break_off(nullptr);
    body_.reset();
    co_return is_whole;
  }

  awaitable<> refuse(unsigned status) {
    limit(kLingerTime);
    waits_since_ = shard_.clock.now();
    beast_http::response<beast_http::string_body> response(static_cast<beast_http::status>(status),
                                                           11);
    for (const auto& [name, value] : settings_.headers) response.insert(name, value);
    response.set(beast_http::field::content_type, "text/plain; charset=utf-8");
    response.body() = "this is not a request that can be understood here\n";
    response.keep_alive(false);
    response.prepare_payload();
    error_code error;
    co_await beast_http::async_write(*stream_, response,
                                     asio::redirect_error(asio::use_awaitable, error));
    if (!error) co_await say_goodbye();
  }

  // FIN, then the peer's, so that our last bytes are not destroyed by a reset.
  awaitable<> say_goodbye() {
    limit(kLingerTime);
    waits_since_ = shard_.clock.now();
    error_code error;
    co_await stream_->async_shutdown_send(asio::redirect_error(asio::use_awaitable, error));
    while (!error) {
      if (!reading_ && !read_.is_open()) buffer_.clear();
      read_on();
      error = co_await wait_for_read();
    }
  }

  runtime::Shard& shard_;
  std::unique_ptr<runtime::Stream> stream_;
  const std::vector<runtime::TlsName> peer_names_;
  RequestHandler& handler_;
  const Settings& settings_;
  const Encoders& encoders_;
  std::function<void()> ended_;
  runtime::Alarm alarm_;
  boost::beast::flat_buffer buffer_;
  Latch read_;  // open: what read_on() brought has not been taken
  bool reading_ = false;
  error_code read_error_;
  // Answered, or to be answered now; whether they arrived is not known yet.
  std::vector<std::shared_ptr<HttpExchange>> unsettled_;
  std::shared_ptr<HttpExchange> answering_;   // the request that is being answered
  std::optional<Body> body_;                  // while it is written
  bool answered_ = false;                     // the last request, whole
  std::optional<base::Instant> idle_since_;   // between requests
  std::optional<base::Instant> waits_since_;  // for the rest of a request, or for the peer's end
  bool finishing_ = false;
  bool outdated_ = false;  // no request is answered that was not there before renew()
  bool detached_ = false;
};

}  // namespace

std::shared_ptr<Connection> make_connection(runtime::Shard& shard,
                                            std::unique_ptr<runtime::Stream> stream,
                                            std::vector<runtime::TlsName> peer_names,
                                            RequestHandler& handler, const Settings& settings,
                                            const Encoders& encoders, std::function<void()> ended) {
  return std::make_shared<BeastConnection>(shard, std::move(stream), std::move(peer_names), handler,
                                           settings, encoders, std::move(ended));
}

}  // namespace prometheus_rsocket::http
