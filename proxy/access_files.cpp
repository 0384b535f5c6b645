#include "proxy/access_files.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <utility>

#include "net/tls.h"

namespace prometheus_rsocket::proxy {
namespace {

using boost::system::result;

// Far more than a chain of certificates has.
constexpr std::size_t kFileBytesMax = std::size_t{4} << 20;

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

boost::system::error_code last_error() { return {errno, boost::system::system_category()}; }

result<std::string> content_of(const std::string& path) {
  const std::unique_ptr<std::FILE, CloseFile> file(std::fopen(path.c_str(), "rbe"));
  if (!file) return last_error();
  std::string content;
  std::array<char, 65536> part{};
  while (content.size() <= kFileBytesMax) {
    const std::size_t size = std::fread(part.data(), 1, part.size(), file.get());
    if (size == 0) break;
    content.append(part.data(), size);
  }
  if (std::ferror(file.get()) != 0) return last_error();
  if (content.size() <= kFileBytesMax) return content;
  return boost::system::errc::make_error_code(boost::system::errc::file_too_large);
}

// What OpenSSL makes of the settings; null without TLS.
result<std::shared_ptr<const runtime::TlsServer>, std::string> server_of(
    std::optional<runtime::TlsServerConfig> config, std::vector<std::string> protocols,
    const std::string& path) {
  if (!config) return std::shared_ptr<const runtime::TlsServer>();
  config->protocols = std::move(protocols);
  auto made = net::make_tls_server(*config);
  if (!made) return path + ": tls_server_config: " + made.error();
  return std::move(*made);
}

template <class Access>
std::shared_ptr<const Access> make_access(const access::Settings& settings,
                                          std::shared_ptr<const runtime::TlsServer> tls);

template <>
std::shared_ptr<const server::WebAccess> make_access(
    const access::Settings& settings, std::shared_ptr<const runtime::TlsServer> tls) {
  return std::make_shared<server::WebAccess>(
      server::WebAccess{.tls = std::move(tls),
                        .proof = server::PeerProof::of(settings.tls),
                        .users = settings.users,
                        .headers = settings.headers,
                        .rate_limit = settings.rate_limit});
}

template <>
std::shared_ptr<const server::ClientAccess> make_access(
    const access::Settings& settings, std::shared_ptr<const runtime::TlsServer> tls) {
  return std::make_shared<server::ClientAccess>(
      server::ClientAccess{.tls = std::move(tls),
                           .proof = server::PeerProof::of(settings.tls),
                           .tokens = settings.tokens,
                           .certificates = settings.certificates});
}

}  // namespace

server::LoadedAccess AccessFiles::load() {
  seen_.clear();
  std::vector<std::string> notices;
  auto web = load(web_, notices);
  auto clients = load(clients_, notices);
  return {std::move(web), std::move(clients), std::move(notices)};
}

template <class Access>
server::LoadedHalf<Access> AccessFiles::load(Half<Access>& half,
                                             std::vector<std::string>& notices) {
  auto settings = read(half.file, half.schema);
  if (!settings) return settings.error();
  for (const access::Diagnostic& notice : settings->notices) notices.push_back(to_string(notice));
  if (half.access && *settings == half.settings) return half.access;
  std::shared_ptr<const runtime::TlsServer> tls;
  if (half.access && settings->tls == half.settings.tls) {
    tls = half.access->tls;
  } else {
    auto made = server_of(settings->tls, half.protocols, half.file);
    if (!made) return made.error();
    tls = std::move(*made);
  }
  half.access = make_access<Access>(*settings, std::move(tls));
  half.settings = std::move(*settings);
  return half.access;
}

result<access::Settings, std::string> AccessFiles::read(const std::string& path,
                                                        access::Schema schema) {
  if (path.empty()) return access::Settings{};
  stamp(path);
  const auto text = content_of(path);
  if (!text) return path + ": " + text.error().message();
  auto draft = access::parse(*text, path, schema);
  if (!draft) return to_string(draft.error());
  for (const access::File& file : draft->files) stamp(file.path);
  auto settings = access::load(std::move(*draft), content_of);
  if (!settings) return to_string(settings.error());
  return std::move(*settings);
}

// Before it is read: whatever is written meanwhile is seen then.
void AccessFiles::stamp(const std::string& path) { seen_.push_back({path, state_of(path)}); }

std::string AccessFiles::state_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return {};
  std::string state;
  for (const auto part :
       {static_cast<long long>(status.st_dev), static_cast<long long>(status.st_ino),
        static_cast<long long>(status.st_size), static_cast<long long>(status.st_mtim.tv_sec),
        static_cast<long long>(status.st_mtim.tv_nsec)}) {
    state += std::to_string(part) + " ";
  }
  return state;
}

bool AccessFiles::has_changed() {
  std::vector<Stamp> now;
  for (const Stamp& stamp : seen_) now.push_back({stamp.path, state_of(stamp.path)});
  const bool is_settled = now == looked_;
  looked_ = std::move(now);
  return is_settled && looked_ != seen_;
}

}  // namespace prometheus_rsocket::proxy
