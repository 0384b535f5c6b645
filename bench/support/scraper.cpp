#include "support/scraper.h"

#include <zlib.h>

#include <array>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <cstring>
#include <string_view>

#include "support/thread_time.h"

namespace prometheus_rsocket::bench {
namespace {

namespace http = boost::beast::http;
using boost::asio::ip::tcp;
using boost::system::result;

constexpr std::size_t kPieceBytes = std::size_t{256} * 1024;

std::size_t count_samples(std::string_view text) {
  std::size_t count = 0;
  while (!text.empty()) {
    if (text.front() != '#') ++count;
    const auto* const end = static_cast<const char*>(std::memchr(text.data(), '\n', text.size()));
    if (end == nullptr) break;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()) + 1);
  }
  return count;
}

// Empty when `body` is no gzip member and nothing else.
std::string inflate_gzip(std::string& body) {
  z_stream stream{};
  if (::inflateInit2(&stream, 16 + MAX_WBITS) != Z_OK) return {};
  stream.next_in = reinterpret_cast<Bytef*>(body.data());
  stream.avail_in = static_cast<uInt>(body.size());
  std::string text;
  std::array<char, kPieceBytes> piece;
  int status = Z_OK;
  while (status == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream.avail_out = static_cast<uInt>(piece.size());
    status = ::inflate(&stream, Z_NO_FLUSH);
    text.append(piece.data(), piece.size() - stream.avail_out);
  }
  const bool is_whole = status == Z_STREAM_END && stream.avail_in == 0;
  ::inflateEnd(&stream);
  return is_whole ? text : std::string{};
}

}  // namespace

struct Scraper::Connection {
  explicit Connection(std::uint16_t port) : socket(context) {
    boost::system::error_code refused;  // told by the first request
    socket.connect({boost::asio::ip::address_v4::loopback(), port}, refused);
  }

  boost::asio::io_context context;
  tcp::socket socket;
  boost::beast::flat_buffer buffer;
  std::array<char, kPieceBytes> piece{};
  std::string body;  // of the last page: its memory serves again
};

Scraper::Scraper(std::uint16_t port) : connection_(std::make_unique<Connection>(port)) {}
Scraper::~Scraper() = default;

result<ScrapedPage, std::string> Scraper::scrape(PageSyntax syntax, PageCoding coding) {
  auto& [context, socket, buffer, piece, body] = *connection_;
  http::request<http::empty_body> request(http::verb::get, "/metrics/connected", 11);
  request.set(http::field::host, "127.0.0.1");
  request.set(http::field::accept, syntax == PageSyntax::kText
                                       ? "text/plain;version=0.0.4"
                                       : "application/openmetrics-text;version=1.0.0");
  request.set("X-Prometheus-Scrape-Timeout-Seconds", "10");
  if (coding == PageCoding::kGzip) request.set(http::field::accept_encoding, "gzip");

  body.clear();
  boost::system::error_code error;
  http::response_parser<http::buffer_body> parser;
  parser.body_limit(boost::none);
  const auto begin = std::chrono::steady_clock::now();
  const auto cpu_begin = thread_cpu_time();
  http::write(socket, request, error);
  if (!error) http::read_header(socket, buffer, parser, error);
  while (!error && !parser.is_done()) {
    auto& rest = parser.get().body();
    rest.data = piece.data();
    rest.size = piece.size();
    http::read_some(socket, buffer, parser, error);
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
  if (parser.get()[http::field::content_encoding] == "gzip") {
    body = inflate_gzip(body);
    if (body.empty()) return std::string("the page is not gzip");
  } else if (coding == PageCoding::kGzip) {
    return std::string("the page is not compressed");
  }
  page.text_bytes = body.size();
  page.sample_count = count_samples(body);
  return page;
}

}  // namespace prometheus_rsocket::bench
