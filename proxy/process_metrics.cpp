#include "proxy/process_metrics.h"

#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string_view>
#include <vector>

namespace prometheus_rsocket::proxy {
namespace {

void write(std::string& text, std::string_view name, std::string_view type, std::string_view help,
           double value) {
  std::array<char, 32> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  text.append("# HELP ").append(name).append(" ").append(help).append("\n# TYPE ");
  text.append(name).append(" ").append(type).append("\n").append(name).append(" ");
  text.append(digits.data(), end).append("\n");
}

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

// Fields of /proc/self/stat behind the command's name, which may hold anything (proc(5)); the first
// is the state, field 3.
std::vector<std::string> stat_fields() {
  std::ifstream file("/proc/self/stat");
  std::string line;
  std::getline(file, line);
  const auto name_end = line.rfind(')');
  if (name_end == std::string::npos) return {};
  std::istringstream rest(line.substr(name_end + 1));
  std::vector<std::string> fields;
  for (std::string field; rest >> field;) fields.push_back(field);
  return fields;
}

double boot_time() {
  std::ifstream file("/proc/stat");
  for (std::string name; file >> name;) {
    double value = 0;
    if (name == "btime" && file >> value) return value;
    file.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
  }
  return 0;
}

}  // namespace

std::string process_metrics() {
  std::string text;
  rusage usage{};
  if (getrusage(RUSAGE_SELF, &usage) == 0) {
    write(text, "process_cpu_seconds_total", "counter", "Total user and system CPU time spent.",
          seconds(usage.ru_utime) + seconds(usage.ru_stime));
  }
  const std::vector<std::string> stat = stat_fields();
  if (stat.size() > 21) {  // start time is field 22, virtual size 23, resident pages 24
    const double ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
    write(text, "process_start_time_seconds", "gauge", "Start time since the epoch.",
          boot_time() + std::stod(stat[19]) / ticks);
    write(text, "process_virtual_memory_bytes", "gauge", "Virtual memory size.",
          std::stod(stat[20]));
    write(text, "process_resident_memory_bytes", "gauge", "Resident memory size.",
          std::stod(stat[21]) * static_cast<double>(sysconf(_SC_PAGESIZE)));
  }
  std::error_code error;
  double descriptors = 0;
  for (auto it = std::filesystem::directory_iterator("/proc/self/fd", error);
       !error && it != std::filesystem::directory_iterator(); it.increment(error)) {
    ++descriptors;
  }
  if (!error) {
    write(text, "process_open_fds", "gauge", "Number of open file descriptors.", descriptors);
  }
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    write(text, "process_max_fds", "gauge", "Maximum number of open file descriptors.",
          static_cast<double>(limit.rlim_cur));
  }
  return text;
}

}  // namespace prometheus_rsocket::proxy
