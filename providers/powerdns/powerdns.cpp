#include <fmt/format.h>

#include <algorithm>

#include "providers/powerdns/write.hpp"

namespace homeostat::powerdns {
namespace {

class PowerDnsProvider final : public Provider {
 public:
  PowerDnsProvider(Api api, const ProviderContext& context)
      : api_(std::move(api)), read_only_(context.read_only) {
    for (const auto& [key, zone] : context.zones) {
      places_[key] = ZonePlace{context.site, context.config.name, key, zone.zone};
      comments_[key] = true;
    }
  }

  [[nodiscard]] const ProviderInfo& info() const override;

  // The schema's canonical form is the one that observe() gives, whatever the server's is.
  [[nodiscard]] Attributes canonical(const Address& /*address*/, Attributes wanted) const override {
    return wanted;
  }

  [[nodiscard]] Result<Observation> observe(const Scope& scope, std::stop_token stop) override;
  [[nodiscard]] std::vector<Result<StepResult>> apply(std::span<const Step> steps,
                                                      std::stop_token stop) override;
  [[nodiscard]] std::string traffic() const override { return to_string(api_.counts()); }
  [[nodiscard]] std::optional<CallCounts> calls() const override {
    const HttpCounts counts = api_.counts();
    return CallCounts{.calls = counts.calls,
                      .errors = counts.errors,
                      .certificate_until = counts.certificate_until};
  }

 private:
  [[nodiscard]] const ZonePlace* place_of(const Step& step) const;

  Api api_;
  bool read_only_;
  std::map<std::string, ZonePlace> places_;  // by zone key
  // Until a write has shown that its backend has none; a server may have several.
  std::map<std::string, std::atomic<bool>> comments_;
};

ProviderInfo make_info(bool marker) {
  ProviderInfo info;
  info.schema.type = "powerdns";
  info.schema.doc = "Records of a PowerDNS authoritative server, by its HTTP API.";
  info.schema.settings = http_fields();
  FieldSchema key;
  key.name = "key";
  key.doc = "What the server's `api-key` says.";
  key.required = true;
  key.secret = true;
  key.example = "\"${secret.powerdns}\"";
  info.schema.settings.push_back(std::move(key));
  info.schema.kinds["dns"] = {};
  info.kinds["dns"] = {.marker = marker};
  info.batches = true;
  info.atomic_batches = true;
  info.zone_batches = true;
  return info;
}

Error no_zone(const std::string& name) {
  return Error{
      ErrorKind::internal, fmt::format("{} lies in no zone of this provider", name), {}, {}, {}};
}

}  // namespace

const ProviderInfo& type_info() {
  static const ProviderInfo info = make_info(true);
  return info;
}

const ProviderInfo& PowerDnsProvider::info() const {
  static const ProviderInfo without_marker = make_info(false);
  const bool some =
      comments_.empty() || std::any_of(comments_.begin(), comments_.end(),
                                       [](const auto& zone) { return !!zone.second; });
  return some ? type_info() : without_marker;
}

Result<Observation> PowerDnsProvider::observe(const Scope& scope, std::stop_token stop) {
  if (scope.zone.empty()) {
    TRY(api_.check(stop));
    return Observation();
  }
  const auto place = places_.find(scope.zone);
  if (place == places_.end()) return tl::unexpected(no_zone(to_string(scope)));
  TRY_ASSIGN(const ZoneAnswer answer, api_.zone(place->second.name, stop));
  TRY(check_kind(answer, place->second.name));
  return to_observation(answer, place->second);
}

// By the zone's key in the address. What was owned under the key that a zone had before lies in one
// of the others: in the one that fits best.
const ZonePlace* PowerDnsProvider::place_of(const Step& step) const {
  const std::string key = scope_of(step.address).zone;
  const auto by_key = places_.find(key);
  if (by_key != places_.end()) return &by_key->second;
  const std::string name = step.native_id.substr(0, step.native_id.rfind('/'));
  const ZonePlace* best = nullptr;
  for (const auto& entry : places_) {
    const ZonePlace& place = entry.second;
    const bool better = best == nullptr || place.name.size() > best->name.size();
    if (lies_in(place.name, name) && better) best = &place;
  }
  return best;
}

std::vector<Result<StepResult>> PowerDnsProvider::apply(std::span<const Step> steps,
                                                        std::stop_token stop) {
  std::vector<Result<StepResult>> results(
      steps.size(),
      fail(ErrorKind::internal, "it was opened for looking only; nothing was written"));
  if (read_only_) return results;
  std::map<const ZonePlace*, std::vector<std::size_t>> by_zone;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const ZonePlace* place = place_of(steps[i]);
    if (place == nullptr) {
      results[i] = tl::unexpected(no_zone(to_string(steps[i].address)));
    } else {
      by_zone[place].push_back(i);
    }
  }
  for (const auto& [place, indices] : by_zone) {
    std::vector<Step> mine;
    for (const std::size_t i : indices) mine.push_back(steps[i]);
    auto written = write_zone(api_, *place, mine, comments_.at(place->key), stop);
    for (std::size_t i = 0; i < indices.size(); ++i) results[indices[i]] = std::move(written[i]);
  }
  return results;
}

Result<std::unique_ptr<Provider>> make(const ProviderContext& context) {
  TRY_ASSIGN(Api api, Api::open(context));
  return std::make_unique<PowerDnsProvider>(std::move(api), context);
}

}  // namespace homeostat::powerdns
