#include "reconciler/scrub.hpp"

#include <doctest/doctest.h>

#include <stdexcept>

#include "tests/support/fake_provider.hpp"

using namespace homeostat;

namespace {

// As a server's answer may hold it.
const std::string token = R"(t0ken/+="x?)";

SecretValues secrets() {
  SecretValues values;
  values.emplace("token", token);
  values.emplace("pin", std::string("123"));
  values.emplace("absent", fail(ErrorKind::auth, "not there"));
  return values;
}

// Breaks with a secret in its mouth.
class Loud final : public Provider {
 public:
  [[nodiscard]] const ProviderInfo& info() const override { return info_; }
  [[nodiscard]] Attributes canonical(const Address&, Attributes wanted) const override {
    return wanted;
  }
  [[nodiscard]] Result<Observation> observe(const Scope&, std::stop_token) override {
    throw std::runtime_error("cannot use " + token);
  }
  [[nodiscard]] std::vector<Result<StepResult>> apply(std::span<const Step>,
                                                      std::stop_token) override {
    throw std::runtime_error("cannot use " + token);
  }

 private:
  ProviderInfo info_;
};

Error says(const std::string& text) { return Error{ErrorKind::auth, text, text, {}, text}; }

}  // namespace

TEST_CASE("scrub: what only looks like a short value stays") {
  const Scrubber scrubber = scrubber_of(secrets());
  CHECK(scrubber.clean("no answer in 123 s") == "no answer in 123 s");
  CHECK(scrubber.clean("bad token: " + token) == "bad token: (secret)");
}

TEST_CASE("scrub: all that a provider says is cleaned, thrown or returned") {
  CallLog log;
  auto inner = std::make_unique<FakeProvider>("pve", log);
  FakeProvider& fake = *inner;
  const auto provider =
      scrubbed(std::move(inner), std::make_shared<const Scrubber>(scrubber_of(secrets())));

  fake.traffic_of_it = "2 calls for " + token;
  CHECK(provider->traffic() == "2 calls for (secret)");
  fake.next("observe", {.kind = Fault::Kind::fail, .error = says("refused " + token)});
  const auto refused = provider->observe({"pve", ""}, {});
  REQUIRE_FALSE(refused);
  CHECK(refused.error() == says("refused (secret)"));
  fake.next("observe", {.kind = Fault::Kind::partial, .error = says("cut off: " + token)});
  const auto partly = provider->observe({"pve", ""}, {});
  REQUIRE(partly);
  REQUIRE(partly->incomplete);
  CHECK(partly->incomplete->message == "cut off: (secret)");
  fake.warnings = {says("odd: " + token)};
  const auto whole = provider->observe({"pve", ""}, {});
  REQUIRE(whole);
  CHECK(whole->warnings == Errors{says("odd: (secret)")});
  const Address address = parse_address("home:container/web@pve").value();
  const Attributes before;
  const Attributes after = Attributes::object();
  const Marker marker{"home", to_string(address), "", false};
  const std::string none;
  const std::vector<Step> steps = {{StepKind::create, address, none, before, after, marker}};
  fake.next("apply", {.kind = Fault::Kind::fail, .error = says("no " + token)});
  const auto results = provider->apply(steps, {});
  REQUIRE(results.size() == 1);
  REQUIRE_FALSE(results.front());
  CHECK(results.front().error() == says("no (secret)"));
  CHECK(provider->apply(steps, {}).front());

  const auto loud =
      scrubbed(std::make_unique<Loud>(), std::make_shared<const Scrubber>(scrubber_of(secrets())));
  CHECK(loud->observe({"pve", ""}, {}).error().message ==
        "the provider broke: cannot use (secret)");
  CHECK(loud->apply(steps, {}).front().error().message ==
        "the provider broke: cannot use (secret)");
}
