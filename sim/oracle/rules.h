// The oracles themselves: what each demands, where that is written, and exactly what it leaves out.
//
// "simulation.md" is its list of oracles, "promise N" design.md's "What a scrape promises". A round
// trip is Rules::round_trip_max. "Disturbed" is disturbance.h's sense: a fault that touches that
// path was at work in that time, or its echo was. A page that bytes may have changed on its way
// (FaultEffect::kCorrupt) proves nothing; nor does a text of a push that may have been changed.
#pragma once

#include <vector>

#include "sim/oracle/index.h"
#include "sim/oracle/oracle.h"

namespace prometheus_rsocket::sim::oracle {

// 1. Every line of a good page stands byte for byte in a text that a client wrote: of that
// incarnation, sequence and time, all its lines exactly once; and it was written on a connection
// that led to this proxy. The scraper's parser found nothing wrong with the page.
// Not judged: which of its connections a Java model wrote on (a zombie may have several): one that
// led there and began before is enough.
[[nodiscard]] std::vector<Violation> judge_provenance(const Index& index);

// 2. A live sample was taken between 100 ms before its scrape began (promise 6: a scrape joins a
// pull that is so old) and the scrape's end. No disturbance excuses another.
[[nodiscard]] std::vector<Violation> judge_freshness(const Index& index);

// 3. No live sample of a client that is gone in a scrape that began after the proxy could know:
// after it ended by itself or was killed, a round trip (and the 100 ms of a shared pull); where
// nobody was told, or the path was disturbed, its lifetime and one scrape interval.
[[nodiscard]] std::vector<Violation> judge_gone(const Index& index);

// 4. A page holds live samples of one incarnation of an instance, and one text of it; and not of an
// older one when a newer has had a sound connection to this proxy since before the scrape.
[[nodiscard]] std::vector<Violation> judge_newest(const Index& index);

// 5. (promises 4 and 5; of /metrics/connected and /metrics/pushes each by itself) An acknowledged
// push is in a good page of every scraper of that proxy: in its first after the proxy knew that the
// connection ended. It is on no page before, and after a page that was confirmed on no further one
// of this scraper. A fire-and-forget push of ours that was flushed is stored, and one that waits
// for its acknowledgement gets it. Not judged: where connections have an age or the proxy drains,
// since the goodbye may cross it; where the path was disturbed since a lifetime before, or the
// proxy did not live a round trip longer. Of an incarnation's pushes on one connection the last one
// stored counts: it replaced the others. Not judged:
// - when the proxy ended before (unless Rules::durable_pushes), or its disk has betrayed it since;
// - while an earlier page of this scraper is neither whole nor known to be broken: a round trip
//   after its end, or where that path was disturbed kTcpPatience; the push is then the next one's;
// - once the proxy may have let the push go without this scraper: from when it may have taken any
//   scraper's page with it for complete (that scraper's next scrape, or a round trip before the
//   page was confirmed; the page's end where it was not or that path was disturbed), while this
//   scraper does not delay a release (no two confirmed pages at most 5 min apart, or none for 5
//   min), the first 5 min of a proxy's life excepted;
// - repeats: where the path was disturbed between the confirmed page and the next; where more than
//   16 scrapers ask, since not all of them are tracked; with durable pushes after a kill within a
//   second of the confirmation, an end while the disk was in trouble, or a betrayal;
// - what was flushed or waits, where the disk was in trouble or the client wrote no metrics; what
//   waits behind another push of the client.
[[nodiscard]] std::vector<Violation> judge_pushes(const Index& index);

// 6. A push is acknowledged only after a proxy stored it: the one that its connection led to.
[[nodiscard]] std::vector<Violation> judge_acknowledgements(const Index& index);

// 7. A client of ours seals a payload only for a key given to it on a present connection, and a
// connection brings keys of one proxy alone. Of Java models, which remember a key over connections,
// only this: what they sealed for a key of an earlier connection is not stored, unless it is the
// one that this proxy gives to everybody at the time.
[[nodiscard]] std::vector<Violation> judge_keys(const Index& index);

// 8. (promise 1) A scrape ends within its timeout, whole and with status 200 (a client's own page
// with any: I3), and /metrics/connected shows every healthy client: one that had a sound connection
// with this proxy since a round trip and 100 ms before the scrape began, until a round trip after
// it ended, and that answered all that time. Not judged:
// - whether it is good: when the scraper aborted it or read it too slowly, the proxy did not live
//   all the time, nobody was answered any more since it drained and ended within 1 s and a round
//   trip, the path between them was disturbed, four others of all clients or of the pushes were
//   under way (503; --scrape.max-concurrent), or the scraper's last scrape of this proxy was of an
//   earlier life that broke off (its connection may be dead and not know it);
// - a client that was late in the last two good pages although connected, where a round trip may
//   take longer than the 250 ms that such a client is waited for.
[[nodiscard]] std::vector<Violation> judge_scrapes(const Index& index);

// 9. What a proxy has of its system is bounded: once all clients have ended, and a lifetime and the
// two round trips of a goodbye have passed, it has no more handles and connections than at the
// first reading in its life; and the heap never grows beyond Rules::heap_bytes_max over the run's
// first reading. Not judged: a proxy that is broken for good, or disturbed since a lifetime before.
[[nodiscard]] std::vector<Violation> judge_resources(const Index& index);

// 10. (design.md, "Leaving") A client of ours dials again, after a connection that was stable
// (Rules::stable_time), within the redial spread; else after its k-th failure in a row within
// first_backoff · 2^(k-1), max_backoff at most, give or take the jitter, and never later than
// max_backoff. A connection that was not stable is a failure. A pause of its process excuses
// lateness, never haste. While another of its connections serves, failures have a count of their
// own, which begins anew when a proxy that gave a key asks it to leave; when the last connection
// ends, it dials as if nothing had failed meanwhile.
[[nodiscard]] std::vector<Violation> judge_backoff(const Index& index);

// 11. (design.md, "Leaving") When a proxy with N stable connections of our clients ends or drains,
// the others accept no more than 2N/5 of them in any second. Other clients' dials are taken off the
// count: as many as began a round trip before, or while a load balancer may have tried a lost proxy
// for them. For small N chance alone exceeds that: the limit is then the number that N clients at
// uniform moments of the redial spread exceed in the second after one's arrival with probability
// 1e-9. Without spread all N come at once: caught for N >= 14 and a spread of 5 s (0.2^13 = 8e-10).
// Not judged: seconds in which the load balancer or an accepting proxy was disturbed, since that
// makes waiting dials arrive together.
[[nodiscard]] std::vector<Violation> judge_herd(const Index& index);
// The limit for N clients spread over so many seconds: exposed for its tests.
[[nodiscard]] std::uint64_t herd_limit(std::uint64_t clients, base::Duration spread);

// 12. A push ends once, within its time_max, unless its process was killed or lost before, or the
// run ended. A pause of the process excuses lateness. Not judged: when fire-and-forget pushes of
// Java models end; nothing bounds those.
[[nodiscard]] std::vector<Violation> judge_push_times(const Index& index);

// 13. What a proxy says of itself is what the history says, as exactly as that is determined: each
// value lies between what must have been and what may have been by then. Connections that are
// neither certainly there nor certainly gone, and pushes stored within the last round trip, are
// what the two differ by. Judged: active connections, their sum by shard, pushes acknowledged,
// pushes held, successful pulls. Not judged: what hostile peers count towards, such as refused
// ones.
[[nodiscard]] std::vector<Violation> judge_metrics(const Index& index);

// ---- Names (design.md, "Identity and discovery"). Nothing of them is judged from the first byte
// on that was changed, since a SETUP may have said anything; nor of lists and pages that a proxy's
// earlier life was asked for. Where a connection led is known by its key; one that got none may
// have led anywhere. A client is healthy where it has a sound connection, as in 8, and is neither
// hung nor garbled, a round trip before as well.

// I1. A good page of a named client shows one process of that name, live; and of two it is not the
// one that came later, by a round trip, while the other was healthy since: nobody takes a name by
// claiming it. A page of a client without a name shows no named one, and where addresses are told
// (I4) the client of that address. No client's page shows a push, and /metrics/pushes nothing else.
[[nodiscard]] std::vector<Violation> judge_identities(const Index& index);

// I2. /sd is good, has the pushes, and has a name once:
// - a healthy client's, and of one that died with its process or host, in the midst of a quiet path
//   and of its proxy's life, until --sd.grace after its end. Not judged where another of that name
//   was there since a lifetime before its end, which may have left; where it was leaving or had
//   pushed; where connections have an age or the proxy drains, since the goodbye may have come
//   first;
// - nobody's that nobody has told, or whose last connection's end the proxy knows: at once where
//   that was said, for --sd.grace and a round trip otherwise (a disturbed path, a death).
// /api/v1/clients has a row for each healthy client of a name, and no more than there may be
// connections; they are flagged where two are healthy, and not where there cannot be two.
// A name has one ID, on both lists and at all proxies, and no ID is of two.
[[nodiscard]] std::vector<Violation> judge_lists(const Index& index);

// I3. The page of a named client has status 200, 404, 502 or 504:
// - 404 where nobody of that name may be listed (I2), and never where somebody must be;
// - 504 where it vanished, by I2;
// - and what all of that name would answer that may be connected: 200 where they are healthy, 504
//   where they hang all the time, 502 where what they answer is malformed all the time.
[[nodiscard]] std::vector<Violation> judge_statuses(const Index& index);

// I4. The address that a list tells of a client is its own, where it dialled the proxy itself or
// the load balancer says whose a connection is (a PROXY header; X-Forwarded-For of a WebSocket);
// else the load balancer's. None is of somebody without a client: what hostile peers say never
// counts. Not judged: which of the clients without a name is told.
[[nodiscard]] std::vector<Violation> judge_addresses(const Index& index);

// I5. A keyed connection of a client of ours does not end while nothing is wrong with it: its path
// quiet since a lifetime before, its proxy neither draining nor ending, and the client neither
// leaving, going elsewhere, hung in the last 30 s, nor connected anew. So nobody loses a connection
// to somebody else of its name. Not judged: where connections have an age; where an answer may take
// longer than the 1 s of a probe.
[[nodiscard]] std::vector<Violation> judge_kept(const Index& index);

// L1. From Healed on, within a lifetime (a connection that died silently is given up), the longest
// backoff, the redial spread, a round trip and a scrape interval, every healthy client of ours is
// on the pages of one proxy: on each good one of that proxy and on none of another. Where
// connections have an age it may move, but is then never without a page for longer than a scrape
// interval, the redial spread, a round trip and a scrape's timeout. Not judged: clients that are
// broken, hung, leaving or ended by then, that sit on a proxy which is broken for good; good pages
// alone count, others are oracle 8's.
[[nodiscard]] std::vector<Violation> judge_homes(const Index& index);

// L2. A push that a living proxy held when all was healed is shown within a scrape interval and a
// round trip, counted from there or from when its connection was known to have ended, to each
// scraper that asked in that time. What 5 does not judge is not judged here.
[[nodiscard]] std::vector<Violation> judge_held_pushes(const Index& index);

// L3. With a connection age, and at least 30 clients for each proxy, the most and the least loaded
// healthy proxy have come within a ratio of 1.25 at some moment until one connection age (and the
// 10 % it varies by, the scrape after which a client leaves, and its way back) after Healed.
[[nodiscard]] std::vector<Violation> judge_load(const Index& index);

// L4. A drain leaves no healthy client of ours that was connected there without a good page for
// longer than a scrape interval and a round trip: it goes elsewhere before it leaves (design.md,
// "Leaving"). Its own page counts as any other: the client cannot tell who asks it. Not judged:
// - gaps in which the client, the load balancer or a proxy or scraper was disturbed, a scraper gave
//   up or was slow on purpose, any client hung or was paused (pages wait for it), or the client
//   left;
// - or in which another proxy ended or drained, or had within a lifetime before: who went there
//   found nobody;
// - clients whose connection was not yet stable, since these back off;
// - a drain that was broken off, by a second SIGTERM or the proxy's death;
// - a grace of which 0.8 is shorter than the redial spread and a scrape interval.
[[nodiscard]] std::vector<Violation> judge_drains(const Index& index);

// L5. Events per second of a quiet world stay below Rules::idle_events_per_second_max for each
// proxy that lives then (one at least); 0: not judged.
[[nodiscard]] std::vector<Violation> judge_idling(const Index& index);

}  // namespace prometheus_rsocket::sim::oracle
