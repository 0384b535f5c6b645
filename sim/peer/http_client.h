// An HTTP/1.1 client over a RawPeer: one connection, one request after the other; and the reading
// of a response, for whoever does more.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "sim/peer/raw_peer.h"

namespace prometheus_rsocket::sim::peer {

struct HttpResponse {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;                            // of its chunks, if it came in such
  std::size_t bytes = 0;                       // of all of it on the wire
};

// The response that `bytes` begin with; nothing if it is not whole (`ended`: no more will come), or
// none. `head`: to a HEAD request.
[[nodiscard]] std::optional<HttpResponse> parse_response(std::string_view bytes, bool ended,
                                                         bool head = false);

class HttpClient {
 public:
  HttpClient(runtime::Shard& shard, const runtime::Endpoint& to) : peer_(shard, to) {}

  // What it calls the server from now on.
  void set_host(std::string host) { host_ = std::move(host); }
  // `headers`: lines, each with CRLF.
  void get(std::string_view path, std::string_view headers = "") { request("GET", path, headers); }
  void request(std::string_view method, std::string_view path, std::string_view headers = "");

  // The answer to the last request, once it is whole.
  [[nodiscard]] std::optional<HttpResponse> response() const;
  [[nodiscard]] RawPeer& peer() { return peer_; }

 private:
  std::string host_ = "proxy";
  RawPeer peer_;
  std::size_t answered_ = 0;  // bytes of the responses before
  bool head_ = false;
};

}  // namespace prometheus_rsocket::sim::peer
