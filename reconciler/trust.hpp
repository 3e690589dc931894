// Trust: which connections take effect on this machine. A repo may say anything; what runs a
// program here, reads a file here, or gets a secret of this machine is what somebody at this
// machine has seen and recorded, whatever the revision says that is planned.
//
// Why an address may move and the trust stays: the url of a provider may refer to a resource
// ("http://${container.dns.ip}:5380"). Its text is trusted, and its text stays the same when the
// container gets another address. If planning followed the spec to the new one, any revision could
// send the token wherever it likes by giving the container an address of its choice. So planning
// asks where the resource *is*: the address that was agreed last, which was seen live; else the one
// that was shown when the connection was trusted. What a revision wants takes effect with the
// apply, which a person or the protected branch decides.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "reconciler/machine.hpp"
#include "reconciler/plan.hpp"

namespace homeostat {

struct TrustRecord {
  std::string hash;
  nlohmann::json text;      // Connection::text; hash_of(text) == hash
  nlohmann::json resolved;  // resolved_settings() when it was trusted; {} of a secret
  Time at = {};
  friend bool operator==(const TrustRecord&, const TrustRecord&) = default;
};
using TrustRecords = std::map<std::string, TrustRecord>;  // by name of the connection

// The record beside the ledger, not in it: a ledger may be copied or rebuilt, trust may not. No
// file: no records. Refused where others may read or write it, or where it is damaged.
[[nodiscard]] Result<TrustRecords> load_trust(const std::string& path);
// Reads the record, lets `change` have it and writes it, and no other process does so in between.
// An error of `change` is returned, and nothing is written.
[[nodiscard]] Status change_trust(const std::string& path,
                                  const std::function<Status(TrustRecords&)>& change);

// Whether what was trusted is this connection: the same, or a secret that goes into fewer resources
// by now.
[[nodiscard]] bool covers(const TrustRecord& record, const Connection& connection);

// Field by field, what differs; null = absent.
[[nodiscard]] std::vector<ConnectionField> differences(const nlohmann::json& trusted,
                                                       const nlohmann::json& wanted);

struct Verdict {
  std::map<std::string, Error> refused;    // by connection: it does not take effect
  std::vector<BlockedConnection> blocked;  // planned as trusted, not as written; or new here
  // By connection that takes effect: its settings as they were resolved when it was trusted.
  std::map<std::string, nlohmann::json> resolved = {};
};

// Makes `spec` say what is trusted: connections that a revision has changed get their trusted text
// back, secrets that only a trusted connection still needs come back with it. What was never
// trusted, is pinned to another hash, or is forbidden, is refused.
[[nodiscard]] Verdict judge(Spec& spec, const TrustRecords& records, const MachineRules& rules);

// Why `rules` do not let a connection be trusted; "" where they do.
[[nodiscard]] std::string refusal(const std::string& site, const Connection& connection,
                                  const MachineRules& rules);

}  // namespace homeostat
