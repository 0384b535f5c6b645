#include "sim/timeline/timeline.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <functional>
#include <map>
#include <optional>
#include <sstream>
#include <type_traits>
#include <utility>

#include "sim/timeline/svg.h"

namespace prometheus_rsocket::sim::timeline {
namespace {

using history::Incarnation;
using history::Place;

constexpr double kLabelWidth = 110;
constexpr double kPlotWidth = 1400;
constexpr double kLaneHeight = 16;
constexpr double kTop = 44;
constexpr double kRight = 50;  // room for half of the last tick's label

// One for each proxy, over and over.
constexpr std::array<const char*, 8> kColours = {"#1f77b4", "#ff7f0e", "#2ca02c", "#9467bd",
                                                 "#8c564b", "#e377c2", "#bcbd22", "#17becf"};

std::string fill(const std::string& colour, double opacity = 1) {
  std::ostringstream style;
  style << "fill:" << colour << ";fill-opacity:" << opacity;
  return std::move(style).str();
}

std::string colour_of(std::optional<history::ProxyId> proxy) {
  return proxy ? kColours[proxy->value % kColours.size()] : "#7f7f7f";
}

std::string seconds(base::Duration time) {
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(time).count();
  std::array<char, 48> text{};
  const int size =
      std::snprintf(text.data(), text.size(), "%lld.%06lld", static_cast<long long>(us / 1'000'000),
                    static_cast<long long>(us % 1'000'000));
  return {text.data(), static_cast<std::size_t>(size)};
}

// Without the zeros at its end.
std::string short_seconds(base::Duration time) {
  std::string text = seconds(time);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text;
}

// 1, 2 or 5 by a power of ten, so that some ten of them make `span`.
base::Duration tick_step(base::Duration span) {
  constexpr int kTicks = 10;
  base::Duration step = std::chrono::microseconds(1);
  for (int i = 0; step * kTicks < span; ++i) step = i % 3 == 1 ? step * 5 / 2 : step * 2;
  return step;
}

template <class T>
std::string printed(const T& value) {
  std::ostringstream out;
  out << value;
  return std::move(out).str();
}

Place place_of(const Incarnation& who) { return {Place::Kind::kClient, who.instance.value}; }
Place place_of(history::ProxyId proxy) { return {Place::Kind::kProxy, proxy.value}; }
Place place_of(history::ScraperId scraper) { return {Place::Kind::kScraper, scraper.value}; }

class Drawing {
 public:
  Drawing(const history::History& history, const Options& options)
      : history_(history), options_(options) {
    from_ = options.from;
    to_ = options.to;
    if (from_ == to_) {
      from_ = history.rules.start;
      to_ = history.entries.empty() ? from_ + base::Duration(1) : history.entries.back().at;
    }
    to_ = std::max(to_, from_ + base::Duration(1));
    find_lanes();
  }

  std::string draw() {
    Svg svg(static_cast<int>(kLabelWidth + kPlotWidth + kRight),
            static_cast<int>(kTop + kLaneHeight * static_cast<double>(lanes_.size()) + 20));
    svg_ = &svg;
    draw_frame();
    for (const history::Entry& entry : history_.entries) {
      at_ = entry.at;
      text_ = seconds(at_ - history_.rules.start) + " " + printed(entry.what);
      std::visit([this](const auto& what) { on(what); }, entry.what);
    }
    at_ = to_;
    while (!open_.empty()) end(open_.begin()->first);
    for (const auto& [layer, shapes] : shapes_) {
      for (const auto& draw_shape : shapes) draw_shape();
    }
    for (const Mark& mark : options_.marks) {
      svg.line(x(mark.at), kTop - 6, x(mark.at), bottom(), "stroke:red;stroke-width:2", mark.text);
    }
    return svg.finish();
  }

 private:
  // What covers what, the last on top: a bar is drawn when it ends, after what happened in it.
  enum class Layer { kLife, kFault, kLink, kMoment };

  // What lasts: a life, a connection, a fault at one place.
  struct Bar {
    Layer layer;
    Place place;
    base::Instant since;
    std::string style;
    std::string text;
    double inset = 0;  // from the lane's edges
  };
  using BarKey = std::string;

  void note_lane(const Place& place) { lanes_.try_emplace(place, 0); }

  void find_lanes() {
    for (const history::Entry& entry : history_.entries) {
      std::visit(
          [this](const auto& what) {
            using What = std::decay_t<decltype(what)>;
            if constexpr (std::is_same_v<What, history::ClientStarted>)
              note_lane(place_of(what.who));
            if constexpr (std::is_same_v<What, history::ProxyStarted>)
              note_lane(place_of(what.proxy));
            if constexpr (std::is_same_v<What, history::ScrapeBegan>)
              note_lane(place_of(what.scraper));
            if constexpr (std::is_same_v<What, history::FaultBegan>) {
              for (const Place& place : what.places) note_lane(place);
            }
          },
          entry.what);
    }
    std::size_t number = 0;
    for (auto& [place, lane] : lanes_) lane = number++;
  }

  [[nodiscard]] double x(base::Instant at) const {
    const double part = static_cast<double>((std::clamp(at, from_, to_) - from_).count()) /
                        static_cast<double>((to_ - from_).count());
    return kLabelWidth + part * kPlotWidth;
  }
  [[nodiscard]] double y(const Place& place) const {
    return kTop + kLaneHeight * static_cast<double>(lanes_.at(place));
  }
  [[nodiscard]] double bottom() const {
    return kTop + kLaneHeight * static_cast<double>(lanes_.size());
  }
  [[nodiscard]] bool is_seen() const { return at_ >= from_ && at_ <= to_; }

  void draw_frame() {
    svg_->text(8, 18, "font-size:14px", options_.title);
    for (const auto& [place, lane] : lanes_) {
      svg_->text(8, y(place) + 12, "font-size:10px", printed(place));
    }
    const base::Duration step = tick_step(to_ - from_);
    for (base::Duration at = (from_ - history_.rules.start) / step * step;
         history_.rules.start + at <= to_; at += step) {
      const double place = x(history_.rules.start + at);
      svg_->line(place, kTop - 4, place, bottom(), "stroke:#dddddd", "");
      svg_->text(place - 14, kTop - 8, "font-size:9px", short_seconds(at) + " s");
    }
  }

  void later(Layer layer, std::function<void()> draw_shape) {
    shapes_[layer].push_back(std::move(draw_shape));
  }

  void begin(const BarKey& key, Bar bar) { open_.insert_or_assign(key, std::move(bar)); }
  void end(const BarKey& key) {
    const auto found = open_.find(key);
    if (found == open_.end()) return;
    const Bar& bar = found->second;
    if (bar.since <= to_ && at_ >= from_) {
      const double width = std::max(0.8, x(at_) - x(bar.since));
      const std::string text = bar.text + " until " + seconds(at_ - history_.rules.start);
      later(bar.layer, [this, bar, width, text] {
        svg_->rectangle(x(bar.since), y(bar.place) + bar.inset, width, kLaneHeight - 2 * bar.inset,
                        bar.style, text);
      });
    }
    open_.erase(found);
  }

  void begin_life(const Place& place) {
    begin("life " + printed(place), {Layer::kLife, place, at_, fill("#e8e8e8"), text_, 1});
  }
  // One a client: while it goes from one proxy to another, the newer.
  void begin_link(const history::Connected& what) {
    const Place place = place_of(what.who);
    end("link " + printed(place));
    begin("link " + printed(place),
          {Layer::kLink, place, at_, fill(colour_of(std::nullopt), 0.6), text_, 4});
    newest_[place] = what.connection;
  }
  void tick(const Place& place, const std::string& colour, double from, double to) {
    if (!is_seen() || !lanes_.contains(place)) return;
    later(Layer::kMoment, [this, at = x(at_), top = y(place), colour, from, to, text = text_] {
      svg_->line(at, top + from, at, top + to, "stroke:" + colour, text);
    });
  }
  void triangle(const Place& place, const std::string& colour) {
    if (!is_seen()) return;
    later(Layer::kMoment, [this, at = x(at_), top = y(place), colour, text = text_] {
      svg_->triangle(at, top + kLaneHeight / 2, 4, fill(colour), text);
    });
  }

  // ---- What each kind of entry looks like; the rest has no picture.
  template <class What>
  void on(const What& /*unused*/) {}

  void on(const history::ClientStarted& what) { begin_life(place_of(what.who)); }
  void on(const history::ClientEnded& what) {
    end("link " + printed(place_of(what.who)));
    end("life " + printed(place_of(what.who)));
  }
  void on(const history::DialFailed& what) { tick(place_of(what.who), "#d62728", 5, 11); }
  void on(const history::Connected& what) { begin_link(what); }
  void on(const history::Disconnected& what) {
    const Place place = place_of(what.who);
    if (newest_[place] == what.connection) end("link " + printed(place));
  }
  void on(const history::AskedToLeave& what) { tick(place_of(what.who), "#ff7f0e", 3, 13); }
  void on(const history::KeyGiven& what) {
    if (newest_[place_of(what.who)] != what.connection) return;
    const auto proxy = proxies_.find(what.key);
    const auto link = open_.find("link " + printed(place_of(what.who)));
    if (proxy == proxies_.end() || link == open_.end()) return;
    link->second.style = fill(colour_of(proxy->second), 0.6);
  }
  void on(const history::PushBegan& what) { triangle(place_of(what.who), "#000000"); }
  void on(const history::PushEnded& what) {
    triangle(place_of(what.who), what.ok ? "#2ca02c" : "#d62728");
  }
  void on(const history::ProxyStarted& what) { begin_life(place_of(what.proxy)); }
  void on(const history::ProxyKeyMade& what) { proxies_.insert_or_assign(what.key, what.proxy); }
  void on(const history::ProxyDraining& what) { tick(place_of(what.proxy), "#d62728", 0, 16); }
  void on(const history::ProxyEnded& what) { end("life " + printed(place_of(what.proxy))); }
  void on(const history::ScrapeEnded& what) {
    const bool whole = what.result == history::ScrapeResult::kWhole && what.status == 200;
    tick(place_of(what.scraper), whole ? colour_of(what.proxy) : "#d62728", 3, 13);
    tick(place_of(what.proxy), whole ? colour_of(what.proxy) : "#d62728", 3, 13);
  }
  void on(const history::FaultBegan& what) {
    for (const Place& place : what.places) {
      begin(fault_key(what.fault, place),
            {Layer::kFault, place, at_, fill("#000000", 0.25), text_, 0});
    }
  }
  void on(const history::FaultEnded& what) {
    const std::string prefix = "fault " + printed(what.fault) + " ";
    while (true) {
      const auto found = open_.lower_bound(prefix);
      if (found == open_.end() || !found->first.starts_with(prefix)) return;
      end(BarKey(found->first));
    }
  }
  void on(const history::Healed& /*what*/) {
    if (!is_seen()) return;
    svg_->line(x(at_), kTop - 6, x(at_), bottom(), "stroke:#2ca02c;stroke-dasharray:4", text_);
  }

  static BarKey fault_key(history::FaultId fault, const Place& place) {
    return "fault " + printed(fault) + " " + printed(place);
  }

  const history::History& history_;
  const Options& options_;
  base::Instant from_;
  base::Instant to_;
  std::map<Place, std::size_t> lanes_;
  std::map<history::KeyId, history::ProxyId> proxies_;
  std::map<Place, std::uint64_t> newest_;  // connection
  std::map<BarKey, Bar> open_;
  std::map<Layer, std::vector<std::function<void()>>> shapes_;
  Svg* svg_ = nullptr;
  base::Instant at_;
  std::string text_;
};

}  // namespace

std::string draw_svg(const history::History& history, const Options& options) {
  return Drawing(history, options).draw();
}

std::string write_text(const history::History& history) {
  std::ostringstream out;
  for (const history::Entry& entry : history.entries) {
    out << seconds(entry.at - history.rules.start) << " " << entry.what << "\n";
  }
  return std::move(out).str();
}

}  // namespace prometheus_rsocket::sim::timeline
