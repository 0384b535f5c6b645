#include "stage.h"

namespace prometheus_rsocket::seam {

std::string to_string(const StageKind& kind) {
  if (kind.tls) return "tls";
  return kind.seed ? "sim_" + std::to_string(*kind.seed) : "net";
}

std::ostream& operator<<(std::ostream& out, const StageKind& kind) {
  return out << to_string(kind);
}

std::vector<StageKind> all_stages() { return {{}, {1}, {2}, {3}, {4}}; }

std::unique_ptr<Stage> make_stage(const StageKind& kind) {
  return kind.seed ? make_sim_stage(*kind.seed) : make_net_stage();
}

}  // namespace prometheus_rsocket::seam
