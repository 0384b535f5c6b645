#include "base/probe.h"

namespace prometheus_rsocket::base {

std::string_view to_string(Probe probe) {
  constexpr std::array<std::string_view, kProbes> kNames = {"given_up",
                                                            "pull_shared",
                                                            "tardy_grace",
                                                            "scrape_refused",
                                                            "scrape_cut_short",
                                                            "older_key_opened",
                                                            "page_abandoned",
                                                            "connection_held",
                                                            "sent_away_by_scrape",
                                                            "overaged",
                                                            "client_gone_mid_pull",
                                                            "name_replaced",
                                                            "name_probed",
                                                            "name_lost",
                                                            "name_shared",
                                                            "departed_asked",
                                                            "single_pull_shared",
                                                            "header_refused",
                                                            "forwarded_believed",
                                                            "pushes_committed_together",
                                                            "push_not_written",
                                                            "push_file_set_aside",
                                                            "write_stalled",
                                                            "lingered",
                                                            "redialled_soon",
                                                            "backoff_capped",
                                                            "next_address",
                                                            "reply_for_nobody",
                                                            "moved",
                                                            "push_timed_out"};
  return kNames[static_cast<std::size_t>(probe)];
}

}  // namespace prometheus_rsocket::base
