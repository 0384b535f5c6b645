#include "support/scraper.h"

#include <algorithm>
#include <array>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <optional>
#include <utility>

#include "sim/peer/unpack.h"
#include "support/thread_time.h"

namespace prometheus_rsocket::bench {
namespace {

namespace http = boost::beast::http;
using boost::asio::ip::tcp;
using boost::system::error_code;
using boost::system::result;

constexpr std::size_t kPieceBytes = std::size_t{256} * 1024;
constexpr std::chrono::seconds kTimeMax{30};  // a proxy that is late by so much hangs

std::string_view accept_of(PageSyntax syntax) {
  switch (syntax) {
    case PageSyntax::kText:
      return "text/plain;version=0.0.4";
    case PageSyntax::kOpenMetrics:
      return "application/openmetrics-text;version=1.0.0";
    case PageSyntax::kProtobuf:
      break;
  }
  return "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;"
         "encoding=delimited";
}

std::string_view name_of(PageCoding coding) {
  return coding == PageCoding::kGzip ? "gzip" : coding == PageCoding::kZstd ? "zstd" : "";
}

}  // namespace

struct Scraper::Connection {
  explicit Connection(std::uint16_t port) : socket(context) {
    error_code refused;  // told by the first request
    socket.connect({boost::asio::ip::address_v4::loopback(), port}, refused);
  }

  // Starts an operation and waits for its end, or for the deadline.
  template <class Start>
  error_code wait(std::chrono::steady_clock::time_point deadline, const Start& start) {
    std::optional<error_code> ended;
    start([&ended](error_code error, std::size_t) { ended = error; });
    context.restart();
    context.run_until(deadline);
    if (ended) return *ended;
    error_code ignored;
    socket.close(ignored);
    context.restart();
    context.run();
    return boost::asio::error::timed_out;
  }

  boost::asio::io_context context;
  tcp::socket socket;
  boost::beast::flat_buffer buffer;
  std::array<char, kPieceBytes> piece{};
  std::string body;  // of the last page: its memory serves again
};

Scraper::Scraper(std::uint16_t port, std::string target)
    : target_(std::move(target)), connection_(std::make_unique<Connection>(port)) {}
Scraper::~Scraper() = default;

result<ScrapedPage, std::string> Scraper::scrape(PageSyntax syntax, PageCoding coding) {
  auto& [context, socket, buffer, piece, body] = *connection_;
  http::request<http::empty_body> request(http::verb::get, target_, 11);
  request.set(http::field::host, "127.0.0.1");
  request.set(http::field::accept, accept_of(syntax));
  request.set("X-Prometheus-Scrape-Timeout-Seconds", "10");
  if (coding != PageCoding::kIdentity) request.set(http::field::accept_encoding, name_of(coding));

  body.clear();
  http::response_parser<http::buffer_body> parser;
  parser.body_limit(boost::none);
  const auto begin = std::chrono::steady_clock::now();
  const auto cpu_begin = thread_cpu_time();
  const auto wait = [&](const auto& start) { return connection_->wait(begin + kTimeMax, start); };
  error_code error = wait([&](auto done) { http::async_write(socket, request, done); });
  if (!error) {
    error = wait([&](auto done) { http::async_read_header(socket, buffer, parser, done); });
  }
  while (!error && !parser.is_done()) {
    auto& rest = parser.get().body();
    rest.data = piece.data();
    rest.size = piece.size();
    error = wait([&](auto done) { http::async_read_some(socket, buffer, parser, done); });
    if (error == http::error::need_buffer) error = {};
    body.append(piece.data(), piece.size() - rest.size);
  }
  ScrapedPage page{.wall = std::chrono::steady_clock::now() - begin,
                   .cpu = thread_cpu_time() - cpu_begin,
                   .body_bytes = body.size()};
  if (error) return "the scrape failed: " + error.message();
  if (parser.get().result() != http::status::ok) {
    return "the scrape was answered " + std::to_string(parser.get().result_int());
  }
  if (std::string_view(parser.get()[http::field::content_encoding]) != name_of(coding)) {
    return "the page is not coded as asked: " + std::string(name_of(coding));
  }
  if (coding != PageCoding::kIdentity) {
    auto text = coding == PageCoding::kGzip ? sim::peer::gunzip(body) : sim::peer::unzstd(body);
    if (!text) return "the page is not " + std::string(name_of(coding));
    body = std::move(*text);
  }
  page.text = body;
  return page;
}

}  // namespace prometheus_rsocket::bench
