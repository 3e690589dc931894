// What a provider says may repeat what it was given: a server that echoes a refused token, a parser
// that quotes a url. Secrets are taken out before anybody else sees it.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "reconciler/plan.hpp"

namespace homeostat {

// Values below four characters are left in: too much else looks like them.
class Scrubber {
 public:
  explicit Scrubber(const SecretValues& secrets);
  // Every value becomes "(secret)": as it is, as in JSON, percent-encoded, and in base64.
  [[nodiscard]] std::string clean(std::string text) const;
  [[nodiscard]] Error clean(Error error) const;
  // Whether clean() would take something out.
  [[nodiscard]] bool finds(std::string_view text) const;

 private:
  std::vector<std::string> forms_;  // the longest first
};

// The same provider, with its errors, warnings and exceptions cleaned.
[[nodiscard]] std::unique_ptr<Provider> scrubbed(std::unique_ptr<Provider> provider,
                                                 std::shared_ptr<const Scrubber> scrubber);

}  // namespace homeostat
