#include "support/floor.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <snappy.h>

#include <algorithm>
#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <cstring>
#include <numeric>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/check.h"
#include "support/client_text.h"
#include "support/thread_time.h"

namespace prometheus_rsocket::bench {
namespace {

using boost::asio::ip::tcp;

constexpr unsigned kRsaBits = 2048;
constexpr std::size_t kAesKeyBytes = 16;
using Wrapped = std::array<unsigned char, kRsaBits / 8>;

struct FreeEvp {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
};
using EvpKey = std::unique_ptr<EVP_PKEY, FreeEvp>;
using EvpContext = std::unique_ptr<EVP_PKEY_CTX, FreeEvp>;

// As the Java parts use it: SHA-256 for the label, SHA-1 for the mask.
EvpContext oaep_context(EVP_PKEY* key, int (*init)(EVP_PKEY_CTX*)) {
  EvpContext context(EVP_PKEY_CTX_new(key, nullptr));
  CHECK(context && init(context.get()) > 0 &&
            EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_OAEP_PADDING) > 0 &&
            EVP_PKEY_CTX_set_rsa_oaep_md(context.get(), EVP_sha256()) > 0 &&
            EVP_PKEY_CTX_set_rsa_mgf1_md(context.get(), EVP_sha1()) > 0,
        "OpenSSL offers RSA-OAEP");
  return context;
}

struct Payload {
  Wrapped wrapped{};
  std::string compressed = {};
  std::size_t text_bytes = 0;
  std::size_t page_offset = 0;  // where its text stands on the page
};

// A connection through loopback whose far end reads and forgets, on a thread of its own.
class Sink {
 public:
  Sink() {
    tcp::acceptor acceptor(context_, {boost::asio::ip::address_v4::loopback(), 0});
    near_.connect(acceptor.local_endpoint());
    reader_ = std::jthread([far = acceptor.accept()]() mutable {
      std::vector<char> piece(std::size_t{256} * 1024);
      boost::system::error_code end;
      while (!end) far.read_some(boost::asio::buffer(piece), end);
    });
  }
  ~Sink() { near_.close(); }
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;

  void write(const std::string& page) { boost::asio::write(near_, boost::asio::buffer(page)); }

 private:
  boost::asio::io_context context_;
  tcp::socket near_{context_};
  std::jthread reader_;
};

// Tells parts apart, where somebody wants to know.
class Laps {
 public:
  explicit Laps(FloorParts* parts) : parts_(parts) {
    if (parts_ != nullptr) last_ = thread_cpu_time();
  }
  void end(base::Duration FloorParts::*part) {
    if (parts_ == nullptr) return;
    const base::Duration now = thread_cpu_time();
    parts_->*part += now - std::exchange(last_, now);
  }

 private:
  FloorParts* parts_;
  base::Duration last_{};
};

void open_one(const Payload& payload, EVP_PKEY_CTX* context, std::string& scratch, char* page,
              Laps laps) {
  std::array<unsigned char, kRsaBits / 8> plain{};
  std::size_t size = plain.size();
  const int opened = EVP_PKEY_decrypt(context, plain.data(), &size, payload.wrapped.data(),
                                      payload.wrapped.size());
  CHECK(opened > 0 && size == kAesKeyBytes, "what was wrapped is unwrapped");
  laps.end(&FloorParts::private_operations);
  CHECK(snappy::RawUncompress(payload.compressed.data(), payload.compressed.size(), scratch.data()),
        "what was compressed is decompressed");
  laps.end(&FloorParts::decompression);
  const char* const end = scratch.data() + payload.text_bytes;
  std::size_t lines = 0;
  for (const char* at = scratch.data(); at < end; ++lines) {
    at = static_cast<const char*>(std::memchr(at, '\n', static_cast<std::size_t>(end - at))) + 1;
  }
  CHECK(lines > 0, "a text has lines");
  laps.end(&FloorParts::lines);
  std::memcpy(page + payload.page_offset, scratch.data(), payload.text_bytes);
  laps.end(&FloorParts::copy);
}

}  // namespace

struct Floor::Impl {
  EvpKey key;
  std::vector<Payload> payloads;
  std::size_t text_bytes_max = 0;
  unsigned thread_count = 0;
  std::string page;
  Sink sink;

  // Opens payloads `first`, `first + thread_count`, …; the CPU time of it.
  base::Duration open(std::size_t first, FloorParts* parts) {
    const base::Duration begin = thread_cpu_time();
    const EvpContext context = oaep_context(key.get(), EVP_PKEY_decrypt_init);
    std::string scratch(text_bytes_max, '\0');
    for (std::size_t i = first; i < payloads.size(); i += thread_count) {
      open_one(payloads[i], context.get(), scratch, page.data(), Laps(parts));
    }
    return thread_cpu_time() - begin;
  }

  // `parts`: one for each thread, or none.
  base::Duration run(std::vector<FloorParts>& parts) {
    std::vector<base::Duration> times(thread_count);
    {
      std::vector<std::jthread> threads;
      for (unsigned i = 0; i < thread_count; ++i) {
        threads.emplace_back([this, &time = times[i], part = parts.empty() ? nullptr : &parts[i],
                              i] { time = open(i, part); });
      }
    }
    const base::Duration begin = thread_cpu_time();
    sink.write(page);
    const base::Duration socket = thread_cpu_time() - begin;
    if (!parts.empty()) parts.front().socket = socket;
    return std::accumulate(times.begin(), times.end(), socket);
  }
};

Floor::Floor(std::size_t clients, std::size_t series, unsigned threads)
    : impl_(std::make_unique<Impl>()) {
  CHECK(clients > 0 && series > 0 && threads > 0, "there is something to do");
  impl_->thread_count = threads;
  impl_->key.reset(EVP_RSA_gen(kRsaBits));
  CHECK(impl_->key != nullptr, "OpenSSL makes RSA keys");
  const EvpContext context = oaep_context(impl_->key.get(), EVP_PKEY_encrypt_init);
  std::array<unsigned char, kAesKeyBytes> aes_key{};
  std::size_t page_bytes = 0;
  for (std::size_t i = 0; i < clients; ++i) {
    const ClientText text(i, series);
    Payload payload{.text_bytes = text.text().size(), .page_offset = page_bytes};
    std::size_t size = payload.wrapped.size();
    CHECK(EVP_PKEY_encrypt(context.get(), payload.wrapped.data(), &size, aes_key.data(),
                           aes_key.size()) > 0,
          "a key can be wrapped");
    snappy::Compress(text.text().data(), text.text().size(), &payload.compressed);
    page_bytes += payload.text_bytes;
    impl_->text_bytes_max = std::max(impl_->text_bytes_max, payload.text_bytes);
    impl_->payloads.push_back(std::move(payload));
  }
  impl_->page.resize(page_bytes);
}

Floor::~Floor() = default;

base::Duration Floor::run() {
  std::vector<FloorParts> none;
  return impl_->run(none);
}

FloorParts Floor::run_in_parts() {
  std::vector<FloorParts> parts(impl_->thread_count);
  static_cast<void>(impl_->run(parts));
  FloorParts sum;
  for (const FloorParts& part : parts) {
    sum.private_operations += part.private_operations;
    sum.decompression += part.decompression;
    sum.lines += part.lines;
    sum.copy += part.copy;
    sum.socket += part.socket;
  }
  return sum;
}

}  // namespace prometheus_rsocket::bench
