// What is asked of a PowerDNS server. The only file that knows its URLs is api.cpp.
#pragma once

#include "providers/core/http.hpp"
#include "providers/powerdns/zone.hpp"

namespace homeostat::powerdns {

// What a server says about the serial of a zone that it changed; absent where it says nothing.
struct Serials {
  std::optional<std::int64_t> before;
  std::optional<std::int64_t> after;
};

// For several threads at once.
class Api {
 public:
  // Connects to nothing.
  [[nodiscard]] static Result<Api> open(const ProviderContext& context);

  // Error: no authoritative PowerDNS server answers there, or not to this key.
  [[nodiscard]] Status check(const std::stop_token& stop) const;
  // By its DNS name. ErrorKind::not_found: the server says that it has no such zone.
  [[nodiscard]] Result<ZoneAnswer> zone(const std::string& name, const std::stop_token& stop) const;
  [[nodiscard]] Result<std::int64_t> serial(const std::string& zone,
                                            const std::stop_token& stop) const;
  // `body` as a whole or not at all. ErrorKind::invalid_spec: the server refuses it, and nothing
  // has happened; the message is the server's. Transient: it may have happened.
  [[nodiscard]] Result<Serials> patch(const std::string& zone, std::string body,
                                      const std::stop_token& stop) const;
  [[nodiscard]] HttpCounts counts() const { return client_.counts(); }

 private:
  explicit Api(HttpClient client) : client_(std::move(client)) {}
  [[nodiscard]] Result<HttpReply> get_zone(const std::string& name, const std::string& query,
                                           const std::stop_token& stop) const;
  [[nodiscard]] Error missing_zone(const std::string& name, const HttpReply& reply,
                                   const std::stop_token& stop) const;

  HttpClient client_;
};

}  // namespace homeostat::powerdns
