#include "differential/parser.h"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <utility>

#include "base/check.h"
#include "exposition/line_writer.h"
#include "exposition/series.h"

namespace prometheus_rsocket::exposition {
namespace {

// The words of a line: its kind, its key up to the last `separators` blanks, and the rest.
std::pair<std::string, std::string> split_at_blank(std::string_view line, unsigned from_end) {
  std::size_t at = line.size();
  for (; from_end > 0; --from_end) at = line.rfind(' ', at - 1);
  return {std::string(line.substr(0, at)), std::string(line.substr(at + 1))};
}

std::string without_underscores(std::string text) {
  std::erase(text, '_');
  return text;
}

// A parser takes bounds for numbers after any TYPE line of a histogram or summary, whosever the
// sample is.
std::string with_canonical_bounds(std::string labels) {
  for (const std::string_view label : {" le=\"", "{le=\"", " quantile=\"", "{quantile=\""}) {
    const std::size_t begin = labels.find(label);
    if (begin == std::string::npos) continue;
    const std::size_t value = begin + label.size();
    const std::size_t size = labels.find('"', value) - value;
    // There it is read as Go reads a number of its own source, `1000_00` too.
    std::string bound = labels.substr(value, size);
    const std::string plain = without_underscores(bound);
    if (bound_number(plain)) bound = plain;
    labels.replace(value, size, canonical_bound(bound));
  }
  return labels;
}

// What is remembered from line to line.
struct State {
  std::string last;                              // labels
  std::map<std::string, std::string> spellings;  // of labels, the first
};

void take_line(std::string_view line, Parsed& parsed, State& state) {
  const char kind = line[0];
  line.remove_prefix(2);
  if (kind == 'S' || kind == 'X') {
    auto [labels, rest] = split_at_blank(line, 2);
    const std::string spelling = labels;
    labels = with_canonical_bounds(std::move(labels));
    if (kind == 'S') {
      state.last = labels;
      const auto first = state.spellings.emplace(labels, spelling).first;
      if (first->second != spelling) parsed.ambiguous.insert(labels);
    }
    if (kind == 'S') parsed.samples.emplace(std::move(labels), std::move(rest));
    if (kind == 'X') parsed.exemplars.emplace(state.last, std::string(line));
  } else if (kind == 'N') {
    const std::size_t end = line.find("} ") + 1;
    parsed.natives.emplace(line.substr(0, end), line.substr(end));
  } else if (kind == 'H') {
    const std::size_t quote = line.find(" \"");
    parsed.helps[std::string(line.substr(0, quote))] = line.substr(quote + 1);
  } else if (kind == 'T' || kind == 'U') {
    auto [name, word] = split_at_blank(line, 1);
    (kind == 'T' ? parsed.types : parsed.units)[std::move(name)] = std::move(word);
  }
}

}  // namespace

Parser::Parser(const std::string& path) {
  int in[2];
  int out[2];
  CHECK(::pipe(in) == 0 && ::pipe(out) == 0, "pipes can be made");
  process_ = ::fork();
  CHECK(process_ >= 0, "a process can be made");
  if (process_ == 0) {
    ::dup2(in[0], STDIN_FILENO);
    ::dup2(out[1], STDOUT_FILENO);
    for (const int end : {in[0], in[1], out[0], out[1]}) ::close(end);
    ::execl(path.c_str(), path.c_str(), nullptr);
    ::_exit(127);
  }
  ::close(in[0]);
  ::close(out[1]);
  to_ = in[1];
  from_ = out[0];
}

Parser::~Parser() {
  ::close(to_);
  ::close(from_);
  ::waitpid(process_, nullptr, 0);
}

Parsed Parser::parse(std::string_view kind, std::string_view text) {
  send(std::string(kind) + " " + std::to_string(text.size()) + "\n");
  send(text);
  const std::string head = read_line();
  const std::string found = read_bytes(std::stoul(head.substr(head.find(' '))));
  Parsed parsed;
  parsed.is_good = head.starts_with("ok ");
  if (!parsed.is_good) {
    parsed.error = found;
    return parsed;
  }
  State state;
  for (std::size_t begin = 0; begin < found.size();) {
    const std::size_t end = found.find('\n', begin);
    take_line(std::string_view(found).substr(begin, end - begin), parsed, state);
    begin = end + 1;
  }
  return parsed;
}

void Parser::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(to_, bytes.data(), bytes.size());
    CHECK(written > 0, "the parser reads");
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

std::string Parser::read_line() {
  std::size_t end = 0;
  while ((end = buffered_.find('\n')) == std::string::npos) {
    char chunk[4096];
    const ssize_t size = ::read(from_, chunk, sizeof chunk);
    CHECK(size > 0, "the parser answers");
    buffered_.append(chunk, static_cast<std::size_t>(size));
  }
  std::string line = buffered_.substr(0, end);
  buffered_.erase(0, end + 1);
  return line;
}

std::string Parser::read_bytes(std::size_t size) {
  while (buffered_.size() < size) {
    char chunk[4096];
    const ssize_t read = ::read(from_, chunk, sizeof chunk);
    CHECK(read > 0, "the parser answers");
    buffered_.append(chunk, static_cast<std::size_t>(read));
  }
  std::string bytes = buffered_.substr(0, size);
  buffered_.erase(0, size);
  return bytes;
}

}  // namespace prometheus_rsocket::exposition
