// Connections: what runs a program, reads a file outside the repo, or says where a secret is sent.
// Each of them takes effect on a machine only once it is trusted there (trust.hpp). Pure but for
// looking where a folder lies.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "reconciler/ledger_view.hpp"
#include "specs/load.hpp"

namespace homeostat {

// `text` is the canonical form of what the spec says, as an object like the one in the YAML.
// References to resources and secrets stay unresolved; defaults, `expires`, and what only shapes
// the plan (mode, adopt, address, limits) are left out.
struct Connection {
  std::string name;  // "provider/pve", "secret/npm", "notifier/phone"
  // { type: ..., url: ... }; of a secret { file: ... }, { env: ... } or { command: [...] }, and
  // with `resources: [container/web@pve]` where these refer to it.
  nlohmann::json text;
  std::string hash;  // "sha256:" and 64 hex digits, of `text`
  Origin where;
};

// Which resources a secret goes into is a part of its text: else a revision could put the token of
// a server into the environment of a container, or a password into a public record, and read it
// there.
inline constexpr const char* goes_into_resources = "resources";
[[nodiscard]] std::string use_of(const Address& address);  // "container/web@pve"

[[nodiscard]] std::string provider_connection(const std::string& instance);  // "provider/pve"
[[nodiscard]] std::string secret_connection(const std::string& secret);      // "secret/npm"
[[nodiscard]] std::string notifier_connection(const std::string& notifier);  // "notifier/phone"

// All connections of a spec, by name. An instance that works on a folder inside the spec's own, and
// is told no secret, is none.
[[nodiscard]] std::vector<Connection> connections_of(const Spec& spec);
[[nodiscard]] std::string hash_of(const nlohmann::json& text);
[[nodiscard]] nlohmann::json text_of(const ProviderConfig& config);
[[nodiscard]] nlohmann::json text_of(const NotifierConfig& config);

// The way back, for planning with what was trusted instead of what a revision says: puts a
// provider's or notifier's text into its entry, a secret's into its source. An error for a text
// that is none.
[[nodiscard]] Status use_text(ProviderConfig& config, const nlohmann::json& text,
                              const std::string& site);
[[nodiscard]] Status use_text(NotifierConfig& config, const nlohmann::json& text,
                              const std::string& site);
[[nodiscard]] Status use_text(SecretSource& source, const nlohmann::json& text);

// The value of a referred field that holds on the live system, as far as it is known before
// looking: what was agreed last; with `desired` else what the spec states, else the address that
// the network's rule gives. Nullopt: not known.
[[nodiscard]] std::optional<std::string> known_value(const Spec& spec, const LedgerView& ledger,
                                                     const TemplatePart& part, bool desired);

// The settings behind a connection that refer to resources, with those references filled in (from
// the ledger, else from the spec) and secrets as written: pointer -> text, or null where not known.
[[nodiscard]] nlohmann::json resolved_settings(const Spec& spec, const LedgerView& ledger,
                                               const std::string& connection);

}  // namespace homeostat
