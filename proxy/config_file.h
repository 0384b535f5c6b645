// --config.file: a YAML map of options to their values, with the place of each.
//
//   web.listen-address: [":8080", "[::1]:9090"]
//   scrape.default-timeout: 10s
//
// Only the form is judged here; what the values mean is for the options (option.h).
#pragma once

#include <boost/system/result.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace prometheus_rsocket::proxy {

struct FileEntry {
  std::string key;
  std::vector<std::string> values;  // a scalar is one; an empty list is none
  std::string key_place;            // `FILE:LINE:COLUMN`, counted from 1
  std::string place;                // of the value
};

// In the order of the file; no key twice. `name`: what the file is called in errors. Otherwise one
// line that says what is wrong and where.
[[nodiscard]] boost::system::result<std::vector<FileEntry>, std::string> parse_config(
    const std::string& text, const std::string& name);

// The same of the file at `path`.
[[nodiscard]] boost::system::result<std::vector<FileEntry>, std::string> read_config_file(
    const std::string& path);

}  // namespace prometheus_rsocket::proxy
