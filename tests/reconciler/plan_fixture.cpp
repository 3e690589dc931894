#include "tests/reconciler/plan_fixture.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "reconciler/agreement.hpp"
#include "reconciler/lookups.hpp"
#include "reconciler/names.hpp"
#include "reconciler/paths.hpp"
#include "reconciler/redact.hpp"
#include "reconciler/resolve.hpp"
#include "reconciler/stuck.hpp"

namespace homeostat::testing {
namespace {

ProviderInfo make_info(const std::string& type, bool marker) {
  ProviderInfo info;
  info.schema.type = type;
  for (const KindSchema& kind : kinds()) {
    info.schema.kinds[kind.name];
    info.kinds[kind.name].marker = marker;
  }
  FieldSchema pool;
  pool.name = "pool";
  info.schema.kinds["container"].extra.push_back(std::move(pool));
  return info;
}

const std::map<std::string, std::string>& provider_of_kind() {
  static const std::map<std::string, std::string> providers = {{"container", "pve"},
                                                               {"ip", "pve"},
                                                               {"dns", "dns"},
                                                               {"proxy_host", "npm"},
                                                               {"monitor", "kuma"}};
  return providers;
}

std::string joined(const Errors& errors) {
  std::string text;
  for (const Error& error : errors) text += to_string(error) + "\n";
  return text;
}

const SecretHash& test_hash() {
  static const SecretHash hash = make_secret_hash("test key");
  return hash;
}

Attributes without_nulls(Attributes attributes) {
  for (auto item = attributes.begin(); item != attributes.end();) {
    if (item->is_object()) *item = without_nulls(std::move(*item));
    item = item->is_null() ? attributes.erase(item) : std::next(item);
  }
  return attributes;
}

}  // namespace

std::string standard_head() {
  return R"(homeostat: 1
site: home
providers:
  pve: { type: box }
  dns: { type: box }
  npm: { type: box }
  kuma: { type: box }
  plain: { type: bare }
networks:
  lab: { cidr: 10.5.0.0/24, gateway: 10.5.0.254, dhcp: 10.5.0.20-10.5.0.99, assign: vmid }
zones:
  lab: { zone: lab.example.org, on: [dns] }
defaults:
  container: { provider: pve }
  ip: { provider: pve }
  proxy_host: { provider: npm }
  monitor: { provider: kuma }
)";
}

const ProviderInfo& box_info() {
  static const ProviderInfo info = make_info("box", true);
  return info;
}

const ProviderInfo& bare_info() {
  static const ProviderInfo info = make_info("bare", false);
  return info;
}

Situation::Situation(std::string_view resources) {
  commit(resources);
  for (const Scope& scope : scopes_of(spec)) observed.scopes[scope].at = now;
  ledger.opened = ledger.present = true;
}

Situation& Situation::commit(std::string_view resources) {
  return commit_files({{"homeostat.yaml", standard_head()}, {"lab.yaml", std::string(resources)}});
}

Situation& Situation::commit_files(Texts files) {
  const std::vector<ProviderSchema> types = {box_info().schema, bare_info().schema};
  auto loaded = load_spec(TextSource(std::move(files)), types);
  REQUIRE_MESSAGE(loaded, joined(loaded ? Errors() : loaded.error()));
  spec = std::move(*loaded);
  infos_.clear();
  for (const auto& [name, provider] : spec.providers) {
    infos_[name] = provider.type == "box" ? &box_info() : &bare_info();
  }
  for (const Scope& scope : scopes_of(spec)) {
    if (!observed.scopes.contains(scope)) observed.scopes[scope].at = now;
  }
  return *this;
}

Address Situation::address(std::string_view text) const {
  auto parsed = parse_address(text);
  REQUIRE_MESSAGE(parsed, std::string(text));
  if (parsed->site.empty()) parsed->site = "home";
  if (parsed->provider.empty()) parsed->provider = provider_of_kind().at(parsed->kind);
  return *parsed;
}

LiveResource& Situation::live(std::string_view seen_as, Attributes attributes) {
  LiveResource live;
  live.address = address(seen_as);
  live.native_id = fmt::format("n{}", next_id_++);
  live.attributes = std::move(attributes);
  auto& resources = observed.scopes[scope_of(live.address)].resources;
  resources.push_back(std::move(live));
  return resources.back();
}

LiveResource& Situation::marked(std::string_view owner, Attributes attributes) {
  LiveResource& made = live(owner, std::move(attributes));
  made.marker = Marker{"home", to_string(made.address), made.native_id, false};
  return made;
}

const LiveResource* Situation::find(const Address& address) const {
  const auto scope = observed.scopes.find(scope_of(address));
  if (scope == observed.scopes.end()) return nullptr;
  for (const LiveResource& live : scope->second.resources) {
    if (live.address == address || (live.marker && live.marker->address == to_string(address))) {
      return &live;
    }
  }
  return nullptr;
}

LiveResource& Situation::at(std::string_view text) {
  const LiveResource* found = find(address(text));
  REQUIRE_MESSAGE(found != nullptr, std::string(text));
  return const_cast<LiveResource&>(*found);
}

void Situation::erase(std::string_view text) {
  const LiveResource* gone = &at(text);
  auto& resources = observed.scopes.at(scope_of(gone->address)).resources;
  resources.erase(resources.begin() + (gone - resources.data()));
}

Owned& Situation::row(std::string_view text) { return ledger.owned[address(text)]; }

void Situation::unknown(const Scope& scope, std::string_view why) {
  ScopeState& state = observed.scopes[scope];
  state.resources.clear();
  state.unknown =
      Error{ErrorKind::transient, std::string(why), std::string(), SourceRef(), std::string()};
}

tl::expected<Planned, Errors> Situation::try_plan() const {
  static const std::function<Attributes(const Address&, Attributes)> as_it_is;
  return make_plan(PlanInput{.spec = spec,
                             .observed = observed,
                             .ledger = ledger,
                             .options = options,
                             .providers = infos_,
                             .canonical = as_it_is,
                             .secrets = secrets,
                             .hash = test_hash(),
                             .now = now});
}

void Situation::intend(const Planned& planned, std::string_view text) {
  const Address wanted = address(text);
  const auto change = std::ranges::find(planned.plan.changes, wanted,
                                        [](const Change& one) { return one.address; });
  REQUIRE(change != planned.plan.changes.end());
  std::map<Address, Attributes> known;
  for (const auto& [address, scope] : observed.scopes) {
    for (const LiveResource& live : scope.resources) known[live.address] = live.attributes;
  }
  Attributes filled = Attributes::object();
  if (planned.desired.contains(wanted)) filled = values_to_write(*change, planned, known);
  const auto row = ledger.owned.find(change->from.value_or(wanted));
  ledger.intents[wanted] =
      intent_of({*change, filled}, row == ledger.owned.end() ? nullptr : &row->second,
                {spec, planned.desired, planned.live, infos_, test_hash(), now});
}

void Situation::try_in_vain(int times) {
  const Planned planned = plan();
  REQUIRE(planned.plan.changes.size() == 1);
  const Change& change = planned.plan.changes.front();
  const auto desired = planned.desired.find(change.address);
  ledger.tried[change.address] = {
      try_of({.change = change,
              .desired = desired == planned.desired.end() ? nullptr : &desired->second,
              .live = planned.live.at(change.address),
              .extra = extra_of(change.address, infos_),
              .secrets = secrets,
              .hash = test_hash()}),
      times, now};
}

Settled Situation::settle_intents() {
  Settled settled = homeostat::settle_intents({spec, observed, ledger, infos_, test_hash()});
  take_in(ledger, settled);
  return settled;
}

Planned Situation::plan() const {
  auto planned = try_plan();
  REQUIRE_MESSAGE(planned, joined(planned ? Errors() : planned.error()));
  return std::move(*planned);
}

Errors Situation::errors() const {
  const auto planned = try_plan();
  return planned ? Errors() : planned.error();
}

std::string Situation::outline() const { return testing::outline(plan().plan); }

Attributes Situation::values_to_write(const Change& change, const Planned& planned,
                                      const std::map<Address, Attributes>& known) const {
  Resource resource = planned.desired.at(change.address);
  const ProviderKindSchema* extra = extra_of(change.address, infos_);
  const auto pending = planned.pending.find(change.address);
  if (pending != planned.pending.end()) {
    const Status bound = homeostat::bind(resource, pending->second, BindInput{known, spec, extra});
    REQUIRE_MESSAGE(bound, to_string(bound ? Error() : bound.error()));
  }
  auto filled = fill_secrets(resource, secrets, extra);
  REQUIRE_MESSAGE(filled, to_string(filled ? Error() : filled.error()));
  return std::move(*filled);
}

void Situation::make_anew(LiveResource& live, const Change& change, const Attributes& wanted) {
  live.address = change.address;
  live.attributes = without_nulls(wanted);
  if (change.address.kind == "container" && !wanted.contains("mac")) {
    live.attributes["mac"] =
        fmt::format("BC:24:11:00:{:02X}:{:02X}", next_id_ / 256 % 256, next_id_ % 256);
  }
  live.native_id = fmt::format("n{}", next_id_++);
  live.marker.reset();
  if (live.attributes.value("ip", "") == "dhcp") {
    live.attributes["ip"] = fmt::format("10.5.0.{}", 20 + next_id_ % 80);
  }
}

void Situation::apply_one(const Change& change, const Planned& planned,
                          std::map<Address, Attributes>& known) {
  const auto before = planned.live.find(change.address);
  auto& resources = observed.scopes[scope_of(change.address)].resources;
  auto live = std::ranges::find(resources, change.native_id, &LiveResource::native_id);
  const bool is_there = before != planned.live.end() && live != resources.end();
  if (change.action == Action::remove || change.action == Action::release) {
    if (is_there && change.action == Action::remove) resources.erase(live);
    if (is_there && change.action == Action::release) live->marker.reset();
    ledger.owned.erase(change.address);
    return;
  }
  const Attributes wanted = values_to_write(change, planned, known);
  if (change.action == Action::create) {
    live = resources.emplace(resources.end());
  } else {
    REQUIRE(is_there);
  }
  if (change.action == Action::create || change.action == Action::replace) {
    make_anew(*live, change, wanted);
  } else {
    const KindSchema& kind = *find_kind(change.address.kind);
    const ProviderKindSchema* extra = extra_of(change.address, infos_);
    for (const FieldDiff& field : change.fields) {
      set_value_at(live->attributes, field.path, value_at(wanted, field.path, kind, extra), kind,
                   extra);
    }
    live->attributes = without_nulls(std::move(live->attributes));
  }
  const Resource& desired = planned.desired.at(change.address);
  if (!change.quiet && infos_.at(change.address.provider)->kinds.at(change.address.kind).marker) {
    live->address = change.address;
    live->marker =
        Marker{"home", to_string(change.address), live->native_id, desired.protect.value_or(false)};
  }
  known[change.address] = live->attributes;
  ledger.forgotten.erase(change.address);
  auto row = ledger.owned.extract(change.from.value_or(change.address));
  ledger.owned[change.address] =
      row_of_made(change, live->native_id, desired, row ? &row.mapped() : nullptr, spec);
}

void Situation::apply(const Planned& planned) {
  if (!planned.plan.stops.empty()) return;
  std::map<Address, Attributes> known;  // what was written, as the servers answered
  for (const Change& change : planned.plan.changes) {
    if (!change.hold) apply_one(change, planned, known);
  }
  agree();
}

void Situation::agree() {
  const Planned planned = plan();
  for (auto& [address, row] : homeostat::agree({.planned = planned,
                              .spec = spec,
                              .ledger = ledger,
                              .providers = infos_,
                              .secrets = secrets,
                              .hash = test_hash(),
                              .adopt = true,
                              .now = now})) {
    ledger.owned[address] = std::move(row);
  }
  for (const auto& [scope, state] : observed.scopes) {
    if (!state.unknown) ledger.scopes[scope] = ScopeMemory{state.resources.size(), now};
  }
}

Situation& Situation::settle() {
  apply(plan());
  REQUIRE_MESSAGE(outline() == "", outline());
  return *this;
}

std::string outline(const Plan& plan) {
  std::string text;
  for (const Change& change : plan.changes) {
    text += fmt::format("{} {}", name_of(change.action), display(change.address, false, false));
    if (change.from) text += " from " + display(*change.from, false, false);
    if (change.on_remove) text += change.on_remove == OnRemove::stop ? " (stop)" : " (keep)";
    if (change.quiet) text += " (quiet)";
    if (change.hold) text += fmt::format(" [{}]", name_of(change.hold->code));
    text += "\n";
    for (const FieldDiff& field : change.fields) {
      text += fmt::format("  {} {} -> {} {}", field.path, field.live.dump(), field.desired.dump(),
                          name_of(field.cause));
      for (const Address& after : field.after) text += " after " + display(after, false, false);
      text += "\n";
    }
  }
  return text;
}

std::string holds(const Plan& plan) {
  std::string text;
  for (const Change& change : plan.changes) {
    if (!change.hold) continue;
    text += fmt::format("{} {}: {}\n", display(change.address, false, false),
                        name_of(change.hold->code), change.hold->text);
  }
  return text;
}

const Change& change_of(const Plan& plan, std::string_view shown) {
  for (const Change& change : plan.changes) {
    if (display(change.address, false, false) == shown) return change;
  }
  FAIL(fmt::format("no change of {} in\n{}", shown, outline(plan)));
  std::abort();
}

}  // namespace homeostat::testing
