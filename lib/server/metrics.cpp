#include "server/metrics.h"

#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <utility>

#include "base/check.h"
#include "exposition/names.h"

namespace prometheus_rsocket::server {
namespace {

using namespace std::chrono_literals;

constexpr base::Duration kMaxWindow = 2min;

constexpr std::array kSecondBounds = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                      0.25,  0.5,    1.0,   2.5,  5.0,   10.0};
constexpr std::array kByteBounds = {1024.0,    4096.0,    16384.0,    65536.0,   262144.0,
                                    1048576.0, 4194304.0, 16777216.0, 67108864.0};

constexpr std::array<std::string_view, kPullOutcomes> kExceptionNames = {"none", "ClosedConnection",
                                                                         "ErrorReply", "Timeout"};
constexpr std::array<std::string_view, kQuarantines> kQuarantineNames = {
    "envelope", "snappy", "too_large", "utf8", "malformed", "page_full", "inflight"};
constexpr std::array<std::string_view, kConnectionErrors> kConnectionErrorNames = {
    "NotRSocket", "ProtocolError", "SetupTimeout", "KeepaliveTimeout"};
constexpr std::array<std::string_view, kHeaderFaults> kHeaderFaultNames = {
    "proxy_header_missing", "proxy_header_malformed", "proxy_header_late",
    "proxy_header_untrusted"};

constexpr std::string_view kClientUp = "prometheus_proxy_client_up";

struct Label {
  std::string_view name;
  std::string_view value;  // nothing in it needs escaping: a constant of ours, or the version
};
using Labels = std::initializer_list<Label>;

class PageText {
 public:
  void family(std::string_view name, std::string_view type, std::string_view help) {
    text_.append("# HELP ").append(name).append(" ").append(help).append("\n# TYPE ");
    text_.append(name).append(" ").append(type).append("\n");
  }
  template <class Number>
  void sample(std::string_view name, Labels labels, Number value) {
    text_.append(name);
    char separator = '{';
    for (const auto& [label, label_value] : labels) {
      text_.push_back(separator);
      text_.append(label).append("=\"");
      text_ += exposition::escape(label_value);  // names of clients are strangers' text
      text_.push_back('"');
      separator = ',';
    }
    if (separator == ',') text_.push_back('}');
    text_.push_back(' ');
    append(value);
    text_.push_back('\n');
  }
  template <class Number>
  void single(std::string_view name, std::string_view type, std::string_view help, Number value) {
    family(name, type, help);
    sample(name, {}, value);
  }
  // The series of one histogram; `labels` holds at most two.
  void histogram(const std::string& name, std::span<const Label> labels,
                 const Histogram& histogram) {
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < histogram.counts().size(); ++i) {
      total += histogram.counts()[i];
      const std::string bound =
          i < histogram.bounds().size() ? number(histogram.bounds()[i]) : "+Inf";
      labelled(name + "_bucket", labels, {"le", bound}, total);
    }
    labelled(name + "_sum", labels, {}, histogram.sum());
    labelled(name + "_count", labels, {}, total);
  }
  template <class Number>
  void labelled(std::string_view name, std::span<const Label> labels, Label last, Number value) {
    if (labels.empty() && last.name.empty()) return sample(name, {}, value);
    if (labels.empty()) return sample(name, {last}, value);
    if (labels.size() == 1 && last.name.empty()) return sample(name, {labels[0]}, value);
    if (labels.size() == 1) return sample(name, {labels[0], last}, value);
    if (last.name.empty()) return sample(name, {labels[0], labels[1]}, value);
    sample(name, {labels[0], labels[1], last}, value);
  }
  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  template <class Number>
  static std::string number(Number value) {
    std::array<char, 32> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    return {digits.data(), end};
  }
  template <class Number>
  void append(Number value) {
    text_.append(number(value));
  }

  std::string text_;
};

void write_scrapes(PageText& page, const ShardMetrics& all, base::Instant now) {
  page.family("prometheus_proxy_scrape_seconds", "histogram",
              "Time from asking a client for its metrics to the end of that, by outcome.");
  for (std::size_t i = 0; i < kPullOutcomes; ++i) {
    const std::array labels = {Label{"outcome", kOutcomeNames[i]},
                               Label{"exception", kExceptionNames[i]}};
    page.histogram("prometheus_proxy_scrape_seconds", labels, all.scrape_seconds[i]);
  }
  page.family("prometheus_proxy_scrape_seconds_max", "gauge",
              "The longest of the last minutes, by outcome.");
  for (std::size_t i = 0; i < kPullOutcomes; ++i) {
    page.sample("prometheus_proxy_scrape_seconds_max",
                {{"outcome", kOutcomeNames[i]}, {"exception", kExceptionNames[i]}},
                all.scrape_seconds[i].recent_max(now));
  }
  page.family("prometheus_proxy_scrape_payload_bytes", "histogram",
              "Size of a client's reply as it came, compressed and encrypted.");
  page.histogram("prometheus_proxy_scrape_payload_bytes", {}, all.payload_bytes);
  page.single("prometheus_proxy_scrape_payload_bytes_max", "gauge",
              "The largest reply of the last minutes.", all.payload_bytes.recent_max(now));
}

// The seed's names for the same requests, seen as reactive signals.
void write_signals(PageText& page, const ShardMetrics& all, base::Instant now) {
  Histogram error = all.scrape_seconds[static_cast<std::size_t>(PullOutcome::kError)];
  error.add(all.scrape_seconds[static_cast<std::size_t>(PullOutcome::kClosed)]);
  const std::array<std::pair<std::string_view, Histogram>, 3> signals = {{
      {"ON_COMPLETE", all.scrape_seconds[static_cast<std::size_t>(PullOutcome::kSuccess)]},
      {"CANCEL", all.scrape_seconds[static_cast<std::size_t>(PullOutcome::kTimeout)]},
      {"ON_ERROR", error},
  }};
  page.family("rsocket_request_response_seconds", "histogram",
              "Time of request-response interactions with clients, by how they ended.");
  for (const auto& [name, histogram] : signals) {
    const std::array labels = {Label{"signal_type", name}};
    page.histogram("rsocket_request_response_seconds", labels, histogram);
  }
  page.family("rsocket_request_response_seconds_max", "gauge",
              "The longest of the last minutes, by how they ended.");
  for (const auto& [name, histogram] : signals) {
    page.sample("rsocket_request_response_seconds_max", {{"signal_type", name}},
                histogram.recent_max(now));
  }
}

void write_connections(PageText& page, std::span<const ShardMetrics> shards,
                       const ShardMetrics& all, const FrontMetrics& front) {
  page.single("prometheus_proxy_scrape_active_connections", "gauge",
              "Clients connected now: each is asked at a scrape.", all.connections);
  page.family("prometheus_proxy_shard_connections", "gauge", "Clients connected now, by shard.");
  for (std::size_t i = 0; i < shards.size(); ++i) {
    page.sample("prometheus_proxy_shard_connections", {{"shard", std::to_string(i)}},
                shards[i].connections);
  }
  page.single("prometheus_proxy_inflight_bytes", "gauge",
              "What has come of replies and pushes that are not whole yet.", all.inflight_bytes);
  page.single("prometheus_proxy_remembered_bytes", "gauge",
              "Clients' last expositions, kept to read the next ones by.", all.remembered_bytes);
  page.single("prometheus_proxy_text_bytes", "gauge",
              "Clients' texts and indexes that are held: those remembered, and those on pages.",
              front.text_bytes);
  page.family("prometheus_proxy_connection_error_total", "counter",
              "Connections that ended by a fault of the client.");
  std::uint64_t unrecognized = 0;
  for (std::size_t i = 0; i < kConnectionErrors; ++i) {
    for (std::size_t t = 0; t < kTransports; ++t) {
      page.sample("prometheus_proxy_connection_error_total",
                  {{"exception", kConnectionErrorNames[i]}, {"transport", kTransportNames[t]}},
                  all.connection_errors[i][t]);
      if (i == static_cast<std::size_t>(ConnectionError::kNotRSocket)) {
        unrecognized += all.connection_errors[i][t];
      }
    }
  }
  page.single("prometheus_proxy_unrecognized_rsocket_total", "counter",
              "Connections whose first bytes were no RSocket SETUP.", unrecognized);
  page.single("prometheus_proxy_keepalive_timeouts_total", "counter",
              "Connections closed since the client was silent beyond its declared lifetime.",
              all.keepalive_timeouts);
  page.family("prometheus_proxy_connections_refused_total", "counter",
              "Connections closed without being served, by reason.");
  page.sample("prometheus_proxy_connections_refused_total", {{"reason", "max_connections"}},
              front.refused_for_all);
  page.sample("prometheus_proxy_connections_refused_total",
              {{"reason", "max_connections_per_address"}}, front.refused_for_address);
  for (std::size_t i = 0; i < kHeaderFaults; ++i) {
    page.sample("prometheus_proxy_connections_refused_total", {{"reason", kHeaderFaultNames[i]}},
                all.refused_for_header[i]);
  }
  page.sample("prometheus_proxy_connections_refused_total", {{"reason", "tls_handshake"}},
              all.refused_for_tls);
  page.sample("prometheus_proxy_connections_refused_total", {{"reason", "not_allowed"}},
              all.refused_for_access);
  page.single("prometheus_proxy_scrapes_refused_total", "counter",
              "Scrapes answered 503 since too many ran at once.", front.scrapes_refused);
  page.single("prometheus_proxy_pages_broken_off_total", "counter",
              "Pages broken off since their scrapers did not read them and others waited.",
              front.pages_broken_off);
  page.single(
      "prometheus_proxy_scrapes_cut_short_total", "counter",
      "Scrapes that went with what had come since others waited, or were refused for want of it.",
      front.scrapes_cut_short);
}

void write_pages(PageText& page, const ShardMetrics& all, const FrontMetrics& front) {
  page.family("prometheus_proxy_quarantined_payloads_total", "counter",
              "Payloads of clients kept from the page, by reason.");
  auto quarantined = all.quarantined;
  quarantined[static_cast<std::size_t>(Quarantine::kPage)] +=
      front.left_out_of_pulls + front.left_out_of_pages;
  for (std::size_t i = 0; i < kQuarantines; ++i) {
    page.sample("prometheus_proxy_quarantined_payloads_total", {{"reason", kQuarantineNames[i]}},
                quarantined[i]);
  }
  page.family("prometheus_proxy_merge_conflicts_total", "counter",
              "What was taken off pages since clients disagree, by kind.");
  const auto conflict = [&](std::string_view kind, std::uint64_t count) {
    page.sample("prometheus_proxy_merge_conflicts_total", {{"kind", kind}}, count);
  };
  conflict("type_degraded", front.merge.types_degraded);
  conflict("family_dropped", front.merge.families_dropped);
  conflict("family_clash", front.merge.families_clashing);
  conflict("help_differs", front.merge.help_differing);
  conflict("duplicate_series", front.merge.duplicates_dropped);
  conflict("unwritable", front.merge.unwritable_dropped);
}

void write_pushes(PageText& page, const ShardMetrics& all, const push::Counters& push) {
  page.single("prometheus_proxy_pushes_held", "gauge", "Pushes held now.", push.held);
  page.single("prometheus_proxy_pushes_held_bytes", "gauge",
              "Memory of the pushes held now, text and index.", push.bytes);
  page.single("prometheus_proxy_pushes_acknowledged_total", "counter", "Pushes stored.",
              push.acknowledged);
  page.single("prometheus_proxy_pushes_expired_total", "counter",
              "Pushes that went at the end of their time after the first showing.", push.expired);
  page.single("prometheus_proxy_pushes_released_total", "counter",
              "Pushes that went since every scraper has them.", push.released);
  page.single("prometheus_proxy_pushes_refused_total", "counter",
              "Pushes that did not open or parse, or could not be stored.", all.pushes_refused);
  page.single("prometheus_proxy_push_store_writable", "gauge",
              "Whether the last that was to be written to --push.store was; 1 without one.",
              push.is_writable ? 1U : 0U);
}

void write_access(PageText& page, const FrontMetrics& front) {
  page.single("prometheus_proxy_config_last_reload_successful", "gauge",
              "1 if the files about access could be read the last time, else 0.",
              front.reload_failed ? 0 : 1);
  page.single("prometheus_proxy_config_last_reload_success_timestamp_seconds", "gauge",
              "When they were read the last time and good.", front.reloaded_at_seconds);
  page.family("prometheus_proxy_http_requests_refused_total", "counter",
              "HTTP requests that were not let in, by reason.");
  page.sample("prometheus_proxy_http_requests_refused_total", {{"reason", "unauthorized"}},
              front.requests_unauthorized);
  page.sample("prometheus_proxy_http_requests_refused_total", {{"reason", "rate_limit"}},
              front.requests_too_many);
  page.sample("prometheus_proxy_http_requests_refused_total", {{"reason", "busy"}},
              front.requests_busy);
}

}  // namespace

void RecentMax::observe(double value, base::Instant now) {
  if (now >= window_begins_ + kMaxWindow) {
    previous_ = now >= window_begins_ + 2 * kMaxWindow ? 0 : current_;
    current_ = 0;
    window_begins_ = now;
  }
  current_ = std::max(current_, value);
}

double RecentMax::value(base::Instant now) const {
  if (now >= window_begins_ + 2 * kMaxWindow) return 0;
  return std::max(current_, previous_);
}

void RecentMax::add(const RecentMax& other) {
  window_begins_ = std::max(window_begins_, other.window_begins_);
  current_ = std::max(current_, other.current_);
  previous_ = std::max(previous_, other.previous_);
}

void Histogram::observe(double value, base::Instant now) {
  const auto bucket = std::ranges::lower_bound(bounds_, value) - bounds_.begin();
  ++counts_[static_cast<std::size_t>(bucket)];
  sum_ += value;
  max_.observe(value, now);
}

void Histogram::add(const Histogram& other) {
  CHECK(bounds_.data() == other.bounds_.data(), "only like is added to like");
  for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
  sum_ += other.sum_;
  max_.add(other.max_);
}

ShardMetrics::ShardMetrics()
    : scrape_seconds{Histogram(kSecondBounds), Histogram(kSecondBounds), Histogram(kSecondBounds),
                     Histogram(kSecondBounds)},
      payload_bytes(kByteBounds) {}

void ShardMetrics::add(const ShardMetrics& other) {
  connections += other.connections;
  inflight_bytes += other.inflight_bytes;
  remembered_bytes += other.remembered_bytes;
  for (std::size_t i = 0; i < kPullOutcomes; ++i) scrape_seconds[i].add(other.scrape_seconds[i]);
  payload_bytes.add(other.payload_bytes);
  for (std::size_t i = 0; i < kQuarantines; ++i) quarantined[i] += other.quarantined[i];
  for (std::size_t i = 0; i < kConnectionErrors; ++i) {
    for (std::size_t t = 0; t < kTransports; ++t) {
      connection_errors[i][t] += other.connection_errors[i][t];
    }
  }
  for (std::size_t i = 0; i < kHeaderFaults; ++i) {
    refused_for_header[i] += other.refused_for_header[i];
  }
  refused_for_access += other.refused_for_access;
  refused_for_tls += other.refused_for_tls;
  keepalive_timeouts += other.keepalive_timeouts;
  pushes_refused += other.pushes_refused;
}

std::string write_proxy_metrics(std::string_view version, std::span<const ShardMetrics> shards,
                                const FrontMetrics& front, base::Instant now) {
  ShardMetrics all;
  for (const ShardMetrics& shard : shards) all.add(shard);
  PageText page;
  page.family("prometheus_proxy_build_info", "gauge", "Always 1; what was built is in the labels.");
  page.sample("prometheus_proxy_build_info", {{"version", version}}, 1);
  write_connections(page, shards, all, front);
  write_scrapes(page, all, now);
  write_signals(page, all, now);
  write_pages(page, all, front);
  write_pushes(page, all, front.push);
  write_access(page, front);
  page.family(kClientUp, "gauge", "1 for a client with a name whose last scrape was good, else 0.");
  return page.take();
}

void write_client_up(std::string& out, const ClientUp& client) {
  PageText page;
  page.sample(kClientUp, {{"job", client.job}, {"instance", client.instance}},
              client.is_up ? 1 : 0);
  out += page.take();
}

}  // namespace prometheus_rsocket::server
