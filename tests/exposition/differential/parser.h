// Prometheus' own parsers in a process of their own (tests/interop/go/parser): what is in a text,
// or why it is none.
#pragma once

#include <sys/types.h>

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace prometheus_rsocket::exposition {

// What a parser found.
struct Parsed {
  bool is_good = false;
  std::string error;                           // what is wrong, if not
  std::map<std::string, std::string> samples;  // labels to value and time; the first of equal ones
  std::set<std::string> ambiguous;             // labels that samples have in several spellings
  std::map<std::string, std::string> exemplars;  // likewise, of their samples
  std::map<std::string, std::string> natives;    // native histograms: labels to time and buckets
  std::map<std::string, std::string> types;      // of families by name, as what follows
  std::map<std::string, std::string> helps;
  std::map<std::string, std::string> units;
};

class Parser {
 public:
  // Starts the program; ends it when it goes.
  explicit Parser(const std::string& path);
  ~Parser();
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;

  // `kind` is text, openmetrics, protobuf or strict.
  [[nodiscard]] Parsed parse(std::string_view kind, std::string_view text);

 private:
  void send(std::string_view bytes);
  [[nodiscard]] std::string read_line();
  [[nodiscard]] std::string read_bytes(std::size_t size);

  pid_t process_ = -1;
  int to_ = -1;
  int from_ = -1;
  std::string buffered_;
};

}  // namespace prometheus_rsocket::exposition
