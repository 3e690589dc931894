#include "reconciler/scrub.hpp"

#include <fmt/format.h>

namespace homeostat {
namespace {

constexpr std::size_t shortest = 4;

class ScrubbedProvider final : public Provider {
 public:
  ScrubbedProvider(std::unique_ptr<Provider> inner, std::shared_ptr<const Scrubber> scrubber)
      : inner_(std::move(inner)), scrubber_(std::move(scrubber)) {}

  [[nodiscard]] const ProviderInfo& info() const override { return inner_->info(); }
  [[nodiscard]] Attributes canonical(const Address& address, Attributes wanted) const override {
    return inner_->canonical(address, std::move(wanted));
  }

  [[nodiscard]] Result<Observation> observe(const Scope& scope, std::stop_token stop) override {
    try {
      Result<Observation> answer = inner_->observe(scope, std::move(stop));
      if (!answer) answer.error() = scrubber_->clean(answer.error());
      if (answer && answer->incomplete) {
        answer->incomplete = scrubber_->clean(std::move(*answer->incomplete));
      }
      if (answer) {
        for (Error& warning : answer->warnings) warning = scrubber_->clean(std::move(warning));
      }
      return answer;
    } catch (const std::exception& thrown) {
      return broke(thrown);
    }
  }

  [[nodiscard]] std::vector<Result<StepResult>> apply(std::span<const Step> steps,
                                                      std::stop_token stop) override {
    try {
      std::vector<Result<StepResult>> results = inner_->apply(steps, std::move(stop));
      for (Result<StepResult>& result : results) {
        if (!result) result.error() = scrubber_->clean(result.error());
      }
      return results;
    } catch (const std::exception& thrown) {
      return std::vector<Result<StepResult>>(steps.size(), broke(thrown));
    }
  }

  [[nodiscard]] std::string traffic() const override { return scrubber_->clean(inner_->traffic()); }
  [[nodiscard]] std::optional<CallCounts> calls() const override { return inner_->calls(); }

 private:
  [[nodiscard]] tl::unexpected<Error> broke(const std::exception& thrown) const {
    return fail(ErrorKind::internal,
                scrubber_->clean(fmt::format("the provider broke: {}", thrown.what())));
  }

  std::unique_ptr<Provider> inner_;
  std::shared_ptr<const Scrubber> scrubber_;
};

}  // namespace

Scrubber scrubber_of(const SecretValues& secrets) {
  std::vector<std::string> values;
  for (const auto& [name, value] : secrets) {
    if (value && value->size() >= shortest) values.push_back(*value);
  }
  return Scrubber(values);
}

std::unique_ptr<Provider> scrubbed(std::unique_ptr<Provider> provider,
                                   std::shared_ptr<const Scrubber> scrubber) {
  return std::make_unique<ScrubbedProvider>(std::move(provider), std::move(scrubber));
}

}  // namespace homeostat
