// The one translation unit with Beast's HTTP in it: it takes long to compile.

#include "http/connection.h"

#include <algorithm>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <exception>
#include <utility>

#include "base/check.h"
#include "http/gzip.h"
#include "http/limits.h"
#include "http/negotiation.h"
#include "runtime/alarm.h"

namespace prometheus_rsocket::http {
namespace {

namespace asio = boost::asio;
namespace beast_http = boost::beast::http;
using runtime::error_code;
using Parser = beast_http::request_parser<beast_http::string_body>;

struct Answer {
  Head head;
  std::string body;             // when there is no source
  Exchange::BodySource source;  // or in pieces
};

class HttpExchange final : public Exchange {
 public:
  HttpExchange(runtime::Executor executor, Request request)
      : executor_(std::move(executor)), request_(std::move(request)) {}
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

  std::optional<base::Instant> deadline() const { return deadline_; }
  void settle(Outcome outcome) {
    if (const auto tell = std::exchange(on_outcome_, nullptr)) tell(outcome);
  }

  template <class Token>
  auto async_wait_answer(Token&& token) {
    return asio::async_initiate<Token, void()>(
        [this](auto handler) {
          waiter_.emplace(std::move(handler));
          wake();
        },
        token);
  }
  // Whoever waits for the answer or the outcome is destroyed instead of being called.
  void abandon() {
    on_outcome_ = nullptr;
    waiter_.reset();
  }
  Answer take_answer() { return *std::exchange(answer_, std::nullopt); }

 private:
  void answer(Answer answer) {
    CHECK(!answered_, "a request is answered once");
    answered_ = true;
    answer_ = std::move(answer);
    wake();
  }
  void wake() {
    if (!answer_ || !waiter_) return;
    auto waiter = std::move(*waiter_);
    waiter_.reset();
    asio::post(executor_, asio::bind_executor(executor_, std::move(waiter)));
  }

  runtime::Executor executor_;
  const Request request_;
  std::optional<base::Instant> deadline_;
  std::function<void(Outcome)> on_outcome_;
  bool answered_ = false;
  std::optional<Answer> answer_;
  std::optional<runtime::Handler<void()>> waiter_;
};

std::string lower(std::string_view text) {
  std::string lowered(text);
  std::ranges::transform(lowered, lowered.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return lowered;
}

// Nothing when the target is no path with a sound query.
std::optional<Request> read_request(const Parser::value_type& message, runtime::Endpoint remote) {
  Request request;
  request.method = std::string(message.method_string());
  request.remote = remote;
  std::string_view target(message.target().data(), message.target().size());
  if (!target.starts_with('/')) return std::nullopt;
  const auto question = target.find('?');
  auto path = percent_decode(target.substr(0, question), false);
  if (!path) return std::nullopt;
  request.path = std::move(*path);
  std::string_view query =
      question == std::string_view::npos ? std::string_view{} : target.substr(question + 1);
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
    const auto equals = std::min(pair.find('='), pair.size());
    auto name = percent_decode(pair.substr(0, equals), true);
    auto value = percent_decode(pair.substr(std::min(equals + 1, pair.size())), true);
    if (!name || !value) return std::nullopt;
    if (!name->empty()) request.query.emplace_back(std::move(*name), std::move(*value));
  }
  for (const auto& field : message) {
    request.headers.emplace_back(lower({field.name_string().data(), field.name_string().size()}),
                                 std::string(field.value()));
  }
  return request;
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
                  RequestHandler& handler, std::function<void()> ended)
      : shard_(shard),
        stream_(std::move(stream)),
        handler_(handler),
        ended_(std::move(ended)),
        alarm_(shard, [this] { stream_->close(); }) {}

  void start() override {
    asio::co_spawn(
        shard_.executor, run(),
        [self = shared_from_this()](const std::exception_ptr& thrown) { self->end(thrown); });
  }
  void finish() override {
    finishing_ = true;
    if (idle_) stream_->close();
  }
  void detach() override {
    ended_ = nullptr;
    detached_ = true;
    stream_->close();
    if (const auto exchange = std::exchange(unsettled_, nullptr)) exchange->abandon();
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

  // What is known now of the answer before.
  void settle(Outcome outcome) {
    if (const auto exchange = std::exchange(unsettled_, nullptr)) exchange->settle(outcome);
  }

  void limit(base::Duration time) { alarm_.set(shard_.clock.now() + time); }

  awaitable<> run() {
    bool keep_alive = true;
    while (keep_alive && !finishing_) {
      if (!co_await wait_for_request()) co_return;
      Parser parser;
      parser.header_limit(static_cast<std::uint32_t>(kRequestHeaderBytesMax));
      parser.body_limit(kRequestBodyBytesMax);
      limit(kRequestTime);
      error_code error;
      co_await beast_http::async_read(*stream_, buffer_, parser,
                                      asio::redirect_error(asio::use_awaitable, error));
      if (detached_) co_return;
      if (error) {
        if (const auto status = status_of(error)) co_await refuse(*status);
        co_return;
      }
      // A body without a length ends with the connection: so do all answers to HTTP/1.0.
      keep_alive = parser.get().keep_alive() && parser.get().version() >= 11;
      auto request = read_request(parser.get(), stream_->remote_endpoint());
      if (!request) {
        co_await refuse(400);
        co_return;
      }
      if (!co_await serve(std::move(*request), parser.get().version(), keep_alive)) co_return;
    }
    co_await say_goodbye();
  }

  // Waits for the first byte of a request. It, or a FIN, tells that the answer before has arrived.
  awaitable<bool> wait_for_request() {
    if (buffer_.size() == 0) {
      idle_ = true;
      limit(kIdleTime);
      error_code error;
      const std::size_t bytes = co_await stream_->async_read_some(
          buffer_.prepare(4096), asio::redirect_error(asio::use_awaitable, error));
      idle_ = false;
      alarm_.clear();
      if (error == asio::error::eof) settle(Outcome::kComplete);
      if (error) co_return false;
      buffer_.commit(bytes);
    }
    settle(Outcome::kComplete);
    co_return true;
  }

  awaitable<bool> serve(Request request, unsigned version, bool keep_alive) {
    const bool head_only = request.method == "HEAD";
    const bool gzip = accepts_gzip(request.header("accept-encoding").value_or(""));
    const auto exchange = std::make_shared<HttpExchange>(shard_.executor, std::move(request));
    unsettled_ = exchange;
    alarm_.clear();  // the handler has the time it takes
    handler_.handle(exchange);
    co_await exchange->async_wait_answer(asio::use_awaitable);
    if (detached_) co_return false;
    Answer answer = exchange->take_answer();

    beast_http::response<beast_http::empty_body> response(
        static_cast<beast_http::status>(answer.head.status), version);
    response.set(beast_http::field::content_type, answer.head.content_type);
    for (const auto& [name, value] : answer.head.headers) response.insert(name, value);
    response.keep_alive(keep_alive && !finishing_);
    const bool chunked = answer.source && version >= 11;
    if (answer.source) {
      response.set(beast_http::field::vary, "Accept, Accept-Encoding");
      if (gzip) response.set(beast_http::field::content_encoding, "gzip");
      if (chunked) {
        response.chunked(true);
      } else {
        response.keep_alive(false);
      }
    } else {
      response.content_length(answer.body.size());
    }
    const base::Instant deadline =
        exchange->deadline().value_or(shard_.clock.now() + kWriteStallTime);
    const auto limit_piece = [&] {
      alarm_.set(exchange->deadline() ? deadline : shard_.clock.now() + kWriteStallTime);
    };
    limit_piece();
    beast_http::response_serializer<beast_http::empty_body> serializer(response);
    error_code error;
    co_await beast_http::async_write_header(*stream_, serializer,
                                            asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return false;
    if (head_only) co_return true;
    if (!answer.source) {
      co_await asio::async_write(*stream_, asio::buffer(answer.body),
                                 asio::redirect_error(asio::use_awaitable, error));
      co_return !error;
    }
    co_return co_await write_body(answer.source, gzip, chunked, limit_piece);
  }

  template <class LimitPiece>
  awaitable<bool> write_body(Exchange::BodySource& source, bool compressed, bool chunked,
                             const LimitPiece& limit_piece) {
    std::optional<Gzip> gzip;
    if (compressed) gzip.emplace();
    std::string piece;
    std::string packed;
    bool more = true;
    while (more) {
      piece.clear();
      packed.clear();
      more = source(piece);
      if (gzip) gzip->compress(piece, !more, packed);
      const std::string& out = gzip ? packed : piece;
      if (out.empty()) continue;
      limit_piece();
      error_code error;
      if (chunked) {
        co_await asio::async_write(*stream_,
                                   beast_http::make_chunk(asio::const_buffer(asio::buffer(out))),
                                   asio::redirect_error(asio::use_awaitable, error));
      } else {
        co_await asio::async_write(*stream_, asio::buffer(out),
                                   asio::redirect_error(asio::use_awaitable, error));
      }
      if (error) co_return false;
    }
    source = nullptr;
    error_code error;
    if (chunked) {
      co_await asio::async_write(*stream_, beast_http::make_chunk_last(),
                                 asio::redirect_error(asio::use_awaitable, error));
    }
    co_return !error;
  }

  awaitable<> refuse(unsigned status) {
    limit(kLingerTime);
    beast_http::response<beast_http::string_body> response(static_cast<beast_http::status>(status),
                                                           11);
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
    error_code error;
    co_await stream_->async_shutdown_send(asio::redirect_error(asio::use_awaitable, error));
    while (!error) {
      buffer_.clear();
      co_await stream_->async_read_some(buffer_.prepare(4096),
                                        asio::redirect_error(asio::use_awaitable, error));
    }
    if (error == asio::error::eof) settle(Outcome::kComplete);
  }

  runtime::Shard& shard_;
  std::unique_ptr<runtime::Stream> stream_;
  RequestHandler& handler_;
  std::function<void()> ended_;
  runtime::Alarm alarm_;
  boost::beast::flat_buffer buffer_;
  std::shared_ptr<HttpExchange> unsettled_;  // answered; whether it arrived is not known yet
  bool idle_ = false;
  bool finishing_ = false;
  bool detached_ = false;
};

}  // namespace

std::shared_ptr<Connection> make_connection(runtime::Shard& shard,
                                            std::unique_ptr<runtime::Stream> stream,
                                            RequestHandler& handler, std::function<void()> ended) {
  return std::make_shared<BeastConnection>(shard, std::move(stream), handler, std::move(ended));
}

}  // namespace prometheus_rsocket::http
