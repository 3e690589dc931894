#include "reconciler/contract/provider_bench.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "reconciler/contract/samples.hpp"
#include "reconciler/open_providers.hpp"
#include "reconciler/private_file.hpp"

namespace homeostat::contract {
namespace {

constexpr const char* zone_key = "lab";  // as in the samples

bool made_by_check(const LiveResource& live) {
  if (live.marker) return live.marker->site == check_site;
  const std::vector<std::string> parts = name_components(live.address.name);
  return std::ranges::any_of(
      parts, [](const std::string& part) { return part.starts_with(sample_prefix); });
}

std::string full_name(const LiveResource& live) {
  return live.address.kind + "/" + live.address.name;
}

// With the secrets that it needs, under names that no sample has.
ProviderConfig connected(const ProviderConfig& configured, const Spec& from, Spec& spec) {
  ProviderConfig config = configured;
  config.mode.reset();
  config.adopt.reset();
  // Where it is reached by others is nothing to it.
  config.settings.erase("address");
  std::erase_if(config.open, [](const OpenValue& open) { return open.pointer == "/address"; });
  for (OpenValue& open : config.open) {
    for (TemplatePart& part : open.parts) {
      const auto source = from.secrets.find(part.text);
      if (part.kind != TemplatePart::Kind::secret || source == from.secrets.end()) continue;
      part.text = part.text + " (of the provider)";
      SecretSource renamed = source->second;
      renamed.name = part.text;
      spec.secrets.emplace(part.text, std::move(renamed));
    }
  }
  return config;
}

}  // namespace

std::set<std::string> kinds_in(const Spec& spec, const Scope& scope) {
  std::set<std::string> names;
  const ProviderInfo* info = provider_infos(spec).at(scope.provider);
  for (const auto& [name, kind] : info->schema.kinds) {
    if ((name == "dns") == !scope.zone.empty()) names.insert(name);
  }
  return names;
}

ProviderBench::ProviderBench(const Judged& judged, Scope scope, std::stop_token stop,
                             std::stop_token cancel)
    : judged_(judged),
      scope_(std::move(scope)),
      stop_(std::move(stop)),
      cancel_(std::move(cancel)) {}

Status ProviderBench::connect(bool read_only) {
  const std::string secret = folder_.path() + "/secret";
  TRY(write_private_file(secret, "the samples' secret", "s3cret of no use"));
  const auto own = read(spec_text(head(), {}, {}));
  if (!own) return tl::unexpected(own.error().front());
  const SecretValues secrets = read_secrets(own->spec, own->verdict, true, stop_);
  const LedgerView nothing;
  providers_ = open_providers({.spec = own->spec,
                               .ledger = nothing,
                               .secrets = secrets,
                               .verdict = own->verdict,
                               .read_only = read_only});
  const auto& opened = providers_.at(scope_.provider);
  if (!opened) return tl::unexpected(opened.error());
  return {};
}

const ProviderInfo& ProviderBench::info() const {
  return (*providers_.at(scope_.provider))->info();
}

std::set<std::string> ProviderBench::kinds() const { return kinds_in(judged_.spec, scope_); }

std::vector<Sample> ProviderBench::samples() const {
  std::vector<Sample> samples;
  for (const std::string& kind : kinds()) {
    for (Sample& sample : samples_of(kind)) {
      for (const std::string& field : info().schema.kinds.at(kind).unsupported) {
        sample.fields.erase(field);
        sample.others.erase(field);
      }
      // What has no place for a marker has none for a note either.
      if (kind == "dns" && !marks()) sample.others["description"] = "";
      samples.push_back(std::move(sample));
    }
  }
  return samples;
}

std::string ProviderBench::head() const {
  const ProviderConfig& config = judged_.spec.providers.at(scope_.provider);
  std::string text =
      sample_head(kinds(), fmt::format("{{ file: \"{}/secret\" }}", folder_.path())) +
      fmt::format("providers:\n  \"{}\": {{ type: {} }}\n", config.name, config.type);
  if (scope_.zone.empty()) return text;
  return text + fmt::format("zones:\n  {}: {{ zone: \"{}\", on: [\"{}\"] }}\n", zone_key,
                            judged_.spec.zones.at(scope_.zone).zone, config.name);
}

// What the text cannot say: how the instance is reached. It was judged with the configured spec.
tl::expected<Judged, Errors> ProviderBench::read(const std::string& text) const {
  std::vector<ProviderSchema> types;
  for (const ProviderType& type : builtin_providers()) {
    types.push_back(type.info().schema);
    types.back().settings.clear();
  }
  auto spec = load_text(text, types);
  if (!spec) return tl::unexpected(std::move(spec).error());
  spec->folder = judged_.spec.folder;
  spec->revision.bare = judged_.spec.revision.bare;
  spec->providers.at(scope_.provider) =
      connected(judged_.spec.providers.at(scope_.provider), judged_.spec, *spec);
  return Judged{std::move(*spec), {}};
}

std::string ProviderBench::open() { return head(); }

Result<std::vector<LiveResource>> ProviderBench::list() {
  Scope scope = scope_;
  if (!scope.zone.empty()) scope.zone = zone_key;
  TRY_ASSIGN(Observation seen, (*providers_.at(scope_.provider))->observe(scope, cancel_));
  if (seen.incomplete) return tl::unexpected(*seen.incomplete);
  std::erase_if(seen.resources, [](const LiveResource& live) { return live.fixed; });
  return std::move(seen.resources);
}

Result<Content> ProviderBench::survey() {
  TRY_ASSIGN(const auto things, list());
  Content content;
  for (const LiveResource& live : things) {
    (made_by_check(live) ? content.ours : content.others)
        .push_back(fmt::format("{} ({})", display(live.address, false, false), live.native_id));
  }
  return content;
}

Complaints ProviderBench::clear() {
  Complaints left;
  // Twice: the first removal may have been refused for something that goes with it.
  for (int round = 0; round < 2; ++round) {
    left.clear();
    const auto things = list();
    if (!things) return {"it cannot be seen what is left: " + things.error().message};
    for (const LiveResource& live : *things) {
      if (made_by_check(live)) remove(live);
    }
    const auto after = survey();
    if (!after) return {"it cannot be seen what is left: " + after.error().message};
    for (const std::string& name : after->ours) left.push_back("left behind: " + name);
    if (left.empty()) return left;
  }
  const Complaints why = take_troubles();
  left.insert(left.end(), why.begin(), why.end());
  return left;
}

Complaints ProviderBench::take_troubles() { return std::exchange(troubles_, {}); }

std::optional<LiveResource> ProviderBench::find(const std::string& name) {
  const auto things = list();
  if (!things) {
    if (!stop_.stop_requested()) troubles_.push_back("a look fails: " + things.error().message);
    return {};
  }
  const auto found = std::ranges::find(*things, name, full_name);
  return found == things->end() ? std::nullopt : std::optional<LiveResource>(*found);
}

std::string ProviderBench::peek(const std::string& name) {
  const auto live = find(name);
  if (!live) return "";
  nlohmann::json all = {{"id", live->native_id}, {"fields", live->attributes}};
  if (live->marker) {
    all["marker"] = {live->marker->site, live->marker->address, live->marker->id,
                     live->marker->protect};
  }
  return all.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::size_t ProviderBench::count() {
  const auto things = list();
  if (!things) {
    if (!stop_.stop_requested()) troubles_.push_back("a look fails: " + things.error().message);
    return 0;
  }
  const std::set<std::string> mine = kinds();
  return static_cast<std::size_t>(std::ranges::count_if(
      *things, [&mine](const LiveResource& live) { return mine.contains(live.address.kind); }));
}

std::optional<Resource> ProviderBench::wanted(const std::string& head, const Sample& sample,
                                              int number, const Fields& changed) const {
  Fields fields = sample.fields;
  for (const auto& [field, value] : changed) fields[field] = value;
  const auto judged = read(spec_text(head, sample, {{number, fields}}));
  if (judged && judged->spec.desired.size() == 1) {
    Resource resource = judged->spec.desired.begin()->second;
    resource.attributes = (*providers_.at(scope_.provider))
                              ->canonical(resource.address, std::move(resource.attributes));
    return resource;
  }
  troubles_.push_back("the sample is refused: " +
                      (judged ? sample.name : to_string(judged.error().front())));
  return {};
}

void ProviderBench::write(const Step& step) {
  const auto results =
      (*providers_.at(scope_.provider))->apply(std::span<const Step>(&step, 1), cancel_);
  if (results.size() == 1 && results.front()) return;
  troubles_.push_back(
      fmt::format("by hand, {}: {}", display(step.address, false, false),
                  results.size() == 1 ? results.front().error().message : "no result for a step"));
}

void ProviderBench::plant(const Sample& sample, int number, bool like_the_sample) {
  if (stop_.stop_requested()) return;
  const std::string first = sample.fields.begin()->first;
  const auto thing = wanted(head(), sample, number,
                            like_the_sample ? Fields() : Fields{{first, sample.others.at(first)}});
  if (!thing) return;
  write({.kind = StepKind::create,
         .address = thing->address,
         .native_id = {},
         .before = nullptr,
         .after = thing->attributes,
         .marker = {}});
}

void ProviderBench::disturb(const Sample& sample, int number) {
  if (stop_.stop_requested()) return;
  const std::string first = sample.fields.begin()->first;
  const auto thing = wanted(head(), sample, number, {{first, sample.others.at(first)}});
  const auto live = find(numbered(sample.name, number));
  if (!thing || !live) return;
  const Attributes changed = {{first, thing->attributes.at(first)}};
  write({.kind = StepKind::update,
         .address = live->address,
         .native_id = live->native_id,
         .before = live->attributes,
         .after = changed,
         .marker = live->marker.value_or(Marker())});
}

void ProviderBench::remove(const LiveResource& live) {
  write({.kind = StepKind::remove,
         .address = live.address,
         .native_id = live.native_id,
         .before = live.attributes,
         .after = nullptr,
         .marker = live.marker.value_or(Marker())});
}

void ProviderBench::drop(const std::string& name) {
  if (stop_.stop_requested()) return;
  if (const auto live = find(name)) remove(*live);
}

bool ProviderBench::marks() const {
  const std::set<std::string> mine = kinds();
  return std::ranges::all_of(
      mine, [this](const std::string& kind) { return info().kinds.at(kind).marker; });
}

Sample ProviderBench::rename(const Sample& sample, std::string& head) const {
  const KindSchema* kind = find_kind(kind_of(sample.name));
  if (info().kinds.at(kind->name).named_by_address) return {};
  // Whether something else says that it is the same thing.
  const auto natural = [&](const std::string& under, const Sample& as) {
    std::set<Claim> claims;
    const auto judged = read(spec_text(under, as, {{1, as.fields}}));
    if (!judged || judged->spec.desired.empty()) return claims;
    const Resource& thing = judged->spec.desired.begin()->second;
    for (Claim& claim : kind->claims(thing.address, thing.attributes, judged->spec.zones)) {
      if (claim.natural) claims.insert(std::move(claim));
    }
    return claims;
  };
  const std::string before = head;
  Sample other = renamed(sample, head);
  const std::set<Claim> old = natural(before, sample);
  const std::set<Claim> now = natural(head, other);
  const bool same =
      std::ranges::any_of(now, [&](const Claim& claim) { return old.contains(claim); });
  return same ? other : Sample();
}

Complaints ProviderBench::try_out(const Sample& sample) {
  const auto thing = wanted(head(), sample, 1, {});
  if (!thing) return take_troubles();
  Marker marker;
  marker.site = check_site;
  marker.address = to_string(thing->address);
  write({.kind = StepKind::create,
         .address = thing->address,
         .native_id = {},
         .before = nullptr,
         .after = thing->attributes,
         .marker = marker});
  const auto live = find(numbered(sample.name, 1));
  if (!live) {
    troubles_.push_back("what was made is not there");
    return take_troubles();
  }
  if (marks() && (!live->marker || live->marker->site != check_site)) {
    troubles_.push_back("what was made has no marker, though there is a place for one");
  }
  remove(*live);
  if (find(numbered(sample.name, 1))) troubles_.push_back("what was removed is there still");
  return take_troubles();
}

}  // namespace homeostat::contract
