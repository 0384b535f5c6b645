// A scraper: one HTTP connection with a proxy, kept as Prometheus keeps it. Blocking.
#pragma once

#include <boost/system/result.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/time.h"

namespace prometheus_rsocket::bench {

enum class PageSyntax { kText, kOpenMetrics, kProtobuf };
enum class PageCoding { kIdentity, kGzip, kZstd };

struct ScrapedPage {
  base::Duration wall{};       // from the request to the last byte of the page
  base::Duration cpu{};        // ours meanwhile
  std::size_t body_bytes = 0;  // of the page, as it was sent
  std::string_view text = {};  // the page; valid until the next scrape
};

class Scraper {
 public:
  // Connects to 127.0.0.1; GETs `target`.
  explicit Scraper(std::uint16_t port, std::string target = "/metrics/connected");
  ~Scraper();
  Scraper(const Scraper&) = delete;
  Scraper& operator=(const Scraper&) = delete;

  // A page, with as much time as a Prometheus gives by default, 10 s. The page is
  // unpacked when the clock has stopped. Otherwise what failed, in words; after 30 s in any case,
  // and then the connection is gone.
  [[nodiscard]] boost::system::result<ScrapedPage, std::string> scrape(PageSyntax syntax,
                                                                       PageCoding coding);

 private:
  struct Connection;
  std::string target_;
  std::unique_ptr<Connection> connection_;
};

}  // namespace prometheus_rsocket::bench
