#include "settings.h"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <random>
#include <system_error>

#include "net/tls.h"

namespace prometheus_rsocket::client {
namespace {

using boost::system::result;
using std::chrono::milliseconds;

constexpr milliseconds kShortest{1};

milliseconds in_range(milliseconds time) { return std::clamp(time, kShortest, kLongestTime); }

std::string random_hex() {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::random_device device;
  std::string text;
  for (int i = 0; i < 4; ++i) {
    const std::uint32_t word = device();
    for (unsigned shift = 0; shift < 32; shift += 4) text += kHex[(word >> shift) & 0xFU];
  }
  return text;
}

result<void, std::string> read_file(const std::string& path, std::string& text) {
  if (path.empty()) return {};
  std::ifstream file(path, std::ios::binary);
  text.assign(std::istreambuf_iterator<char>(file), {});
  if (!file) return path + " cannot be read: " + std::generic_category().message(errno);
  if (text.empty()) return path + " is empty";
  return {};
}

result<std::shared_ptr<const runtime::TlsClient>, std::string> make_tls(const Tls& tls) {
  runtime::TlsClientConfig config;
  auto read = read_file(tls.authorities_file, config.authorities);
  if (read) read = read_file(tls.certificate_file, config.certificates);
  if (read) read = read_file(tls.private_key_file, config.private_key);
  if (!read) return read.error();
  return net::make_tls_client(config);
}

bool is_token(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
}

}  // namespace

result<agent::Config, std::string> make_config(const Settings& settings) {
  const bool websocket = settings.transport == Transport::kWebSocket;
  agent::Config config;
  config.targets.push_back(
      {settings.host, settings.port.value_or(websocket ? std::uint16_t{8081} : 7001),
       websocket ? transport::TransportKind::kWebSocket : transport::TransportKind::kTcp,
       settings.websocket_path, settings.tls.has_value()});
  config.retry.first_backoff = in_range(settings.retry.first_backoff);
  config.retry.max_backoff =
      std::max(config.retry.first_backoff, base::Duration(in_range(settings.retry.max_backoff)));
  config.retry.jitter_percent = std::min(settings.retry.jitter_percent, 100U);
  config.retry.retries_max = settings.retry.max_retries;
  config.connect_timeout = in_range(settings.connect_timeout);
  transport::Identity identity = settings.identity;
  if (!identity.job.empty() || !identity.instance.empty() || !identity.labels.empty()) {
    identity.incarnation = random_hex();
    if (!transport::introduce(config.setup, identity)) {
      log(settings, LogLevel::kWarn, "the client's name and labels are too long: left out");
    }
  }
  if (settings.tls) {
    auto tls = make_tls(*settings.tls);
    if (!tls) return "TLS: " + tls.error();
    config.credentials.tls = std::move(*tls);
  }
  if (settings.token.empty()) return config;
  if (!settings.tls) return std::string("a token is sent over TLS alone, and tls() was not called");
  if (!is_token(settings.token)) return std::string("the token is not of visible ASCII");
  if (rsocket::SetupConfig setup = config.setup; !transport::show_token(setup, settings.token)) {
    return std::string("the token is too long");
  }
  config.credentials.token = settings.token;
  return config;
}

void log(const Settings& settings, LogLevel level, std::string_view text) noexcept {
  if (!settings.log) return;
  try {
    settings.log(level, text);
  } catch (...) {
    // There is nowhere left to tell it.
  }
}

}  // namespace prometheus_rsocket::client
