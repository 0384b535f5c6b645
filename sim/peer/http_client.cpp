#include "sim/peer/http_client.h"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace prometheus_rsocket::sim::peer {
namespace {

// The line up to CRLF, taken off `rest`.
std::optional<std::string_view> take_line(std::string_view& rest) {
  const std::size_t end = rest.find("\r\n");
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end + 2);
  return line;
}

std::optional<std::size_t> number(std::string_view text, int base) {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool take_chunks(std::string_view& rest, std::string& body) {
  for (;;) {
    const auto line = take_line(rest);
    const auto size = line ? number(*line, 16) : std::nullopt;
    if (!size || rest.size() < *size + 2) return false;
    body += rest.substr(0, *size);
    rest.remove_prefix(*size + 2);
    if (*size == 0) return true;
  }
}

}  // namespace

std::optional<HttpResponse> parse_response(std::string_view bytes, bool ended, bool head) {
  HttpResponse response;
  std::string_view rest = bytes;
  const auto status_line = take_line(rest);
  if (!status_line || !status_line->starts_with("HTTP/1.") || status_line->size() < 12) {
    return std::nullopt;
  }
  response.status = static_cast<int>(number(status_line->substr(9, 3), 10).value_or(0));
  for (;;) {
    const auto line = take_line(rest);
    if (!line) return std::nullopt;
    if (line->empty()) break;
    const std::size_t colon = line->find(": ");
    if (colon == std::string_view::npos) return std::nullopt;
    std::string name(line->substr(0, colon));
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
    response.headers.emplace(std::move(name), line->substr(colon + 2));
  }
  if (head) {
    // no body
  } else if (response.headers.contains("transfer-encoding")) {
    if (!take_chunks(rest, response.body)) return std::nullopt;
  } else if (const auto length = response.headers.find("content-length");
             length != response.headers.end()) {
    const auto size = number(length->second, 10);
    if (!size || rest.size() < *size) return std::nullopt;
    response.body = rest.substr(0, *size);
    rest.remove_prefix(*size);
  } else {
    if (!ended) return std::nullopt;
    response.body = rest;
    rest = {};
  }
  response.bytes = bytes.size() - rest.size();
  return response;
}

void HttpClient::request(std::string_view method, std::string_view path, std::string_view headers) {
  if (const auto before = response()) answered_ += before->bytes;
  head_ = method == "HEAD";
  peer_.send(std::string(method) + " " + std::string(path) + " HTTP/1.1\r\nHost: " + host_ +
             "\r\n" + std::string(headers) + "\r\n");
}

std::optional<HttpResponse> HttpClient::response() const {
  return parse_response(std::string_view(peer_.received()).substr(answered_),
                        peer_.ended() == boost::asio::error::eof, head_);
}

}  // namespace prometheus_rsocket::sim::peer
