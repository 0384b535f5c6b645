#include <algorithm>

#include "sim/oracle/findings.h"
#include "sim/oracle/rules.h"

namespace prometheus_rsocket::sim::oracle {
namespace {

bool was_given(const Session& session, KeyId key, base::Instant by) {
  return std::ranges::any_of(session.keys, [&](const Session::Given& given) {
    return given.key == key && given.at <= by;
  });
}

void judge_uses(const Index& index, const Life& life, Findings& findings) {
  for (const auto& [at, key] : life.keys_used) {
    const auto has_it = [&](const Session& one) {
      return one.contains(at) && was_given(one, key, at);
    };
    if (std::ranges::any_of(life.sessions, has_it)) continue;
    const Session* const session = life.session_at(at);
    const std::string connection =
        session == nullptr ? "no connection" : "its connection of " + index.seconds(session->began);
    findings.add(at, "client ", life.who, " sealed for key ", key, ", which came on ",
                 session == nullptr ? "" : "another than ", connection);
  }
}

// The key that this proxy gives to whoever connects at that moment.
bool is_given_now(const Index& index, ProxyId proxy, KeyId key, base::Instant at) {
  std::optional<KeyId> latest;
  for (const history::Entry& entry : index.entries()) {
    if (entry.at > at) break;
    const auto* const made = std::get_if<history::ProxyKeyMade>(&entry.what);
    if (made != nullptr && made->proxy == proxy) latest = made->key;
  }
  return latest == key;
}

// What a Java model sealed for a key of another connection must not open.
void judge_stored(const Index& index, const Life& life, Findings& findings) {
  for (const Push& push : life.pushes) {
    const auto use = std::ranges::find_if(life.keys_used,
                                          [&](const KeyUse& one) { return one.at >= push.began; });
    const Session* const session = life.session_at(push.began);
    if (use == life.keys_used.end() || session == nullptr) continue;
    for (const Push::Stored& stored : push.stored) {
      if (stored.at < use->at || was_given(*session, use->key, stored.at)) continue;
      if (is_given_now(index, stored.proxy, use->key, stored.at)) continue;  // it is on its way
      findings.add(stored.at, "proxy ", stored.proxy, " opened push ", push.sequence, " of client ",
                   life.who, " with key ", use->key, ", which its connection was not given");
    }
  }
}

}  // namespace

std::vector<Violation> judge_keys(const Index& index) {
  Findings findings("7-keys");
  for (const auto& [who, life] : index.lives()) {
    for (const Session& session : life.sessions) {
      for (const auto& [at, key] : session.keys) {
        const auto proxy = index.proxy_of(key);
        if (!proxy || proxy == session.proxy) continue;
        findings.add(at, "client ", who, " is given key ", key, " of proxy ", *proxy,
                     " on a connection with proxy ", *session.proxy);
      }
    }
    if (life.ours()) {
      judge_uses(index, life, findings);
    } else {
      judge_stored(index, life, findings);
    }
  }
  return findings.take();
}

}  // namespace prometheus_rsocket::sim::oracle
