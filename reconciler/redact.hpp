// Secrets stay out of everything that is printed or stored.
#pragma once

#include "reconciler/plan.hpp"
#include "reconciler/scrub.hpp"

namespace homeostat {

// "hmac:" + 32 hex digits of HMAC-SHA256.
[[nodiscard]] std::string keyed_hash(std::string_view key, std::string_view value);
[[nodiscard]] SecretHash make_secret_hash(std::string key);

// What the ledger keeps of a secret value: its keyed hash. Null stays null, and what is a hash
// already stays as it is.
[[nodiscard]] nlohmann::json hashed(const nlohmann::json& value, const SecretHash& hash);
[[nodiscard]] bool is_hash(const nlohmann::json& value);

// Whether a value of a resource is secret: by the schema (its own, what encloses it, what it
// encloses), or because it holds a ${secret.x}. `desired` may be null.
[[nodiscard]] bool is_secret(const Resource* desired, const KindSchema& kind,
                             const ProviderKindSchema* extra, const FieldPath& path);

// Tells by its value alone that something is secret, wherever it stands: it holds what a secret is
// now, or it is what was a secret when it was agreed on. That outlives the lines that said so.
class KnownSecrets {
 public:
  KnownSecrets() = default;
  KnownSecrets(const SecretValues& secrets, const LedgerView& ledger, const SecretHash& hash);
  [[nodiscard]] bool tell(const nlohmann::json& value) const;

 private:
  Scrubber now_;
  std::set<std::string> before_;  // keyed hashes
  SecretHash hash_;
};

// Attributes fit for a plan. Desired: a ${secret.x} stays as it was written. Live: besides what is
// secret now, what was secret when agreed, and the values of keyed maps (env) that the spec does
// not state: those may be anybody's. `desired` and `owned` may be null; where both are, nobody says
// what is secret, and all free text (a command, a description) is hidden.
[[nodiscard]] Attributes redact_desired(const Resource& desired, const KindSchema& kind,
                                        const ProviderKindSchema* extra);
[[nodiscard]] Attributes redact_live(const Attributes& live, const Resource* desired,
                                     const Owned* owned, const KindSchema& kind,
                                     const ProviderKindSchema* extra,
                                     const KnownSecrets& known = KnownSecrets());

// The observation with every value that redact_live() would hide replaced by its keyed hash.
[[nodiscard]] Observed hash_secrets(Observed observed, const Desired& desired,
                                    const LedgerView& ledger,
                                    const std::map<std::string, const ProviderInfo*>& providers,
                                    const KnownSecrets& known, const SecretHash& hash);

}  // namespace homeostat
