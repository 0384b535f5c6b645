// Who may connect, from --web.config.file and --rsocket.config.file and the files that they name.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "access/settings.h"
#include "server/access.h"

namespace prometheus_rsocket::proxy {

class AccessFiles final : public server::AccessSource {
 public:
  // Empty: there is no such file, and everybody may.
  AccessFiles(std::string web_file, std::string rsocket_file)
      : web_{std::move(web_file), access::Schema::kWeb, {"http/1.1"}},
        clients_{std::move(rsocket_file), access::Schema::kRsocket, {}} {}

  // Errors are `FILE:LINE:COLUMN: …`, or name the file.
  [[nodiscard]] server::LoadedAccess load() override;
  [[nodiscard]] bool has_changed() override;

 private:
  // What tells a file from the one that was there before under its name.
  struct Stamp {
    std::string path;
    std::string state;  // empty: it cannot be seen
    friend bool operator==(const Stamp&, const Stamp&) = default;
  };

  // One file's, and what it said when it was good last.
  template <class Access>
  struct Half {
    std::string file;
    access::Schema schema{};
    std::vector<std::string> protocols;
    access::Settings settings = {};
    std::shared_ptr<const Access> access = nullptr;
  };

  template <class Access>
  [[nodiscard]] server::LoadedHalf<Access> load(Half<Access>& half,
                                                std::vector<std::string>& notices);
  [[nodiscard]] boost::system::result<access::Settings, std::string> read(const std::string& path,
                                                                          access::Schema schema);
  void stamp(const std::string& path);
  static std::string state_of(const std::string& path);

  Half<server::WebAccess> web_;
  Half<server::ClientAccess> clients_;
  std::vector<Stamp> seen_;    // by the last load(): both files, and those they name
  std::vector<Stamp> looked_;  // by the last has_changed()
};

}  // namespace prometheus_rsocket::proxy
