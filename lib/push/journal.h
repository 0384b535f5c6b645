// Where the PushStore writes down what must outlive the process: what changes, as values.
//
// The store is told nothing by a journal but whether something is durable; what a journal has kept
// comes back as Contents when the next process starts. A change says how something is now, so that
// one that is written twice does no harm.
#pragma once

#include <boost/system/error_code.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <variant>
#include <vector>

#include "push/push.h"

namespace prometheus_rsocket::push {

// Bit i: the scraper in slot i has it.
using SeenMask = std::uint32_t;

// A push came. What was stored of the same connection before goes in the same step.
struct Stored {
  Push push;
  std::optional<Sequence> replaces;
};
// These were in a complete response: who of the tracked has each now. None: one that is not
// tracked.
struct Shown {
  struct Seen {
    Sequence push;
    SeenMask by = 0;
  };
  std::vector<Seen> pushes;
};
struct Released {
  std::vector<Sequence> pushes;
};
// Who is in a slot, and whether it is regular (push_store.h).
struct Tracked {
  std::size_t slot = 0;
  ScraperKey scraper;
  bool regular = false;
};
// Of what was stored these are held and no others; who has seen them and who is tracked follows.
struct Restated {
  std::vector<Sequence> held;
};
using Change = std::variant<Stored, Shown, Released, Tracked, Restated>;

// All of it as one value.
struct Contents {
  struct Held {
    Push push;
    SeenMask seen_by = 0;
    bool shown = false;  // completely, to whomever
  };
  struct Scraper {
    std::size_t slot = 0;
    ScraperKey key;
    bool regular = false;
  };
  std::vector<Held> pushes;  // in the order of their sequences
  std::vector<Scraper> scrapers;
  Sequence last_sequence;  // no push has a greater one
};

// What an empty journal has to be told to have these contents …
[[nodiscard]] std::vector<Change> changes_of(const Contents& contents);
// … and one that has their pushes, whatever else it has.
[[nodiscard]] std::vector<Change> restatement_of(const Contents& contents);

class Journal {
 public:
  // Without an error: on disk, to stay there.
  using Done = std::function<void(boost::system::error_code)>;
  using Everything = std::function<Contents()>;

  virtual ~Journal() = default;  // calls no Done any more

  // Before the first append(). `everything` that is stored and not being written is asked for when
  // what was written before is lost, or something was not written.
  virtual void attach(Everything everything) = 0;

  // Writes it down behind all that came before. `done` may be null: what is no Stored may come
  // later than it could, or not at all if the process ends first. It is called once, perhaps before
  // append() returns, in the order of the calls; after an error the journal has none of a Stored.
  virtual void append(Change change, Done done) = 0;

  // Whether what was appended before has been written, or is being for the first time.
  [[nodiscard]] virtual bool is_writable() const = 0;

  // Calls back when all that was appended before has been written or given up.
  virtual void flush(std::function<void()> done) = 0;
};

}  // namespace prometheus_rsocket::push
