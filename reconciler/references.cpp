#include "reconciler/references.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <unordered_map>
#include <variant>

#include "reconciler/lookups.hpp"
#include "reconciler/open_values.hpp"
#include "reconciler/paths.hpp"

namespace homeostat {

namespace {

enum class State : std::uint8_t { open, filled, secret, pending, held, wrong };

// One open value on its way.
struct Node {
  Resource* resource = nullptr;
  std::size_t index = 0;  // in resource->open
  Steps steps;
  State state = State::open;
  std::vector<Address> after;     // pending
  std::optional<Hold> hold;       // held
  std::size_t waits_for = 0;      // nodes that must be done first
  std::vector<std::size_t> next;  // nodes that wait for this one

  [[nodiscard]] OpenValue& value() const { return resource->open[index]; }
};

struct Later {};  // known when the target was applied
// What a reference stands for: a value, parts with secrets in them, or why there is none.
using Found = std::variant<nlohmann::json, std::vector<TemplatePart>, Later, Hold>;

bool is_reference(const TemplatePart& part) { return part.kind == TemplatePart::Kind::reference; }
bool is_secret_part(const TemplatePart& part) { return part.kind == TemplatePart::Kind::secret; }

std::string shown(const Address& target, const FieldPath& field) {
  return display(target, false, false) + "." + field;
}

// "auto" and "dhcp" stand where a value will be: nothing to refer to.
bool is_placeholder(const FieldSchema* schema, const nlohmann::json& value) {
  if (value.is_null()) return true;
  if (schema == nullptr || schema->type == Type::choice || !value.is_string()) return false;
  return std::find(schema->choices.begin(), schema->choices.end(), value.get<std::string>()) !=
         schema->choices.end();
}

class Filling {
 public:
  Filling(Resolved& resolved, const ResolveInput& input) : resolved_(resolved), input_(input) {}

  void run() {
    collect();
    connect();
    std::vector<std::size_t> ready;
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      if (nodes_[i].waits_for == 0) ready.push_back(i);
    }
    for (std::size_t done = 0; done < ready.size(); ++done) {
      fill(nodes_[ready[done]]);
      for (const std::size_t next : nodes_[ready[done]].next) {
        if (--nodes_[next].waits_for == 0) ready.push_back(next);
      }
    }
    hand_over();
  }

 private:
  void collect() {
    for (auto& [address, resource] : resolved_.desired) {
      if (resource.open.empty()) continue;
      of_resource_[&address] = {nodes_.size(), nodes_.size() + resource.open.size()};
      for (std::size_t i = 0; i < resource.open.size(); ++i) {
        nodes_.push_back(
            {&resource, i, pointer_steps(resource.open[i].pointer), State::open, {}, {}, 0, {}});
      }
    }
  }

  void connect() {
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      for (const TemplatePart& part : nodes_[i].value().parts) {
        if (!is_reference(part)) continue;
        for (const std::size_t target : open_at(part.target, path_steps(part.field))) {
          nodes_[target].next.push_back(i);
          ++nodes_[i].waits_for;
        }
      }
    }
  }

  // The open values of a resource that touch this field.
  std::vector<std::size_t> open_at(const Address& target, const Steps& field) const {
    std::vector<std::size_t> found;
    const auto range = of_resource_.find(&target);
    if (range == of_resource_.end()) return found;
    for (std::size_t i = range->second.first; i < range->second.second; ++i) {
      if (overlap(nodes_[i].steps, field)) found.push_back(i);
    }
    return found;
  }

  void fill(Node& node) {
    std::vector<TemplatePart>& parts = node.value().parts;
    std::optional<nlohmann::json> whole;
    std::vector<TemplatePart> known;
    for (TemplatePart& part : parts) {
      if (!is_reference(part)) {
        known.push_back(std::move(part));
        continue;
      }
      Found found = look_up(*node.resource, part);
      if (auto* value = std::get_if<nlohmann::json>(&found)) {
        const std::optional<std::string> text = text_of(*value);
        if (parts.size() == 1) whole = std::move(*value);
        if (!text && !whole) return refuse(node, "a list or an object cannot stand inside a text");
        known.push_back({TemplatePart::Kind::literal, text.value_or(""), {}, {}});
      } else if (auto* more = std::get_if<std::vector<TemplatePart>>(&found)) {
        known.insert(known.end(), more->begin(), more->end());
      } else if (auto* hold = std::get_if<Hold>(&found)) {
        if (!node.hold) node.hold = std::move(*hold);
        known.push_back(std::move(part));
      } else {
        node.after.push_back(part.target);
        known.push_back(std::move(part));
      }
    }
    parts = std::move(known);
    settle(node, whole ? std::move(*whole) : nlohmann::json(joined(parts)));
  }

  // What became of a node, now that all its parts were looked up.
  void settle(Node& node, const nlohmann::json& value) {
    const std::vector<TemplatePart>& parts = node.value().parts;
    if (node.hold) {
      node.state = State::held;
    } else if (!node.after.empty()) {
      node.state = State::pending;
    } else if (std::any_of(parts.begin(), parts.end(), is_secret_part)) {
      node.state = State::secret;
    } else {
      write(node, value);
    }
  }

  void write(Node& node, const nlohmann::json& value) {
    Result<nlohmann::json> canonical =
        canonical_at(node.resource->address, extra_of(node.resource->address, input_.providers),
                     input_.spec.zones, node.value().pointer, value);
    if (!canonical) return refuse(node, canonical.error().message, canonical.error().hint);
    if (nlohmann::json* at = find_at(node.resource->attributes, node.steps)) {
      *at = std::move(*canonical);
    }
    node.state = State::filled;
  }

  void refuse(Node& node, const std::string& message, const std::string& hint = {}) {
    node.state = State::wrong;
    Error error;
    error.kind = ErrorKind::invalid_spec;
    error.message =
        fmt::format("{}, once its references are filled in: {}",
                    shown(node.resource->address, path_of_pointer(node.value().pointer)), message);
    error.hint = hint;
    error.where = source_ref(node.value().at, input_.spec.files);
    resolved_.errors.push_back(std::move(error));
  }

  Found look_up(const Resource& user, const TemplatePart& part) const {
    const Steps field = path_steps(part.field);
    const FieldSchema* schema =
        schema_of(part.target, extra_of(part.target, input_.providers), part.field);
    const auto target = resolved_.desired.find(part.target);
    if (target == resolved_.desired.end()) return hold(user, part, "it is not declared");
    for (const std::size_t i : open_at(part.target, field)) {
      const Node& node = nodes_[i];
      if (node.state == State::pending) return Later{};
      if (node.state == State::held)
        return hold(user, part, "that is not known: " + node.hold->text);
      if (node.state == State::wrong) return hold(user, part, "that is wrong");
      if (node.state != State::secret) continue;
      if (node.steps.size() == field.size()) return node.value().parts;
      return hold(user, part, "there are secrets in it");
    }
    const nlohmann::json* stated = find_at(target->second.attributes, field);
    if (stated != nullptr && !is_placeholder(schema, *stated)) return *stated;
    const auto held = resolved_.held.find(part.target);
    if (stated != nullptr && held != resolved_.held.end()) {
      return hold(user, part, held->second.text);
    }
    return look_up_live(user, part, target->second, schema);
  }

  // The spec does not say it: what the live system says, or said when it was last looked at.
  Found look_up_live(const Resource& user, const TemplatePart& part, const Resource& target,
                     const FieldSchema* schema) const {
    const bool secret = schema != nullptr && schema->secret;
    if (const Error* why = unknown_because(input_.observed, scope_of(target.address))) {
      const Owned* row = row_of(input_.ledger, target.address);
      const Agreed* agreed = secret ? nullptr : agreed_at(row, part.field);
      if (agreed != nullptr && !is_placeholder(schema, agreed->value)) return agreed->value;
      return hold(
          user, part,
          fmt::format("{} is unknown: {}", to_string(scope_of(target.address)), why->message));
    }
    const LiveEntry* entry = input_.live.match(target);
    const bool usable = entry != nullptr && (entry->ownership == Ownership::ours ||
                                             entry->ownership == Ownership::unowned);
    if (!usable || input_.foreseen.remade.contains(target.address)) return Later{};
    if (secret) return hold(user, part, "it is a secret: write ${secret.NAME} in both places");
    const nlohmann::json* live = find_at(entry->live->attributes, path_steps(part.field));
    if (live == nullptr || is_placeholder(schema, *live)) return Later{};
    resolved_.read_live.insert(target.address);
    return *live;
  }

  static Hold hold(const Resource& user, const TemplatePart& part, const std::string& why) {
    return {HoldCode::value_unknown,
            fmt::format("{} needs {}, and {}", display(user.address, false, false),
                        shown(part.target, part.field), why)};
  }

  // Nodes -> the lists of `resolved`; what was filled leaves `open`.
  void hand_over() {
    std::size_t i = 0;
    while (i < nodes_.size()) {
      Resource& resource = *nodes_[i].resource;
      const std::size_t end = i + resource.open.size();
      std::vector<std::string> filled;
      std::vector<Pending> pending;
      std::vector<OpenValue> left;
      for (; i < end; ++i) {
        Node& node = nodes_[i];
        if (node.state == State::open) refuse(node, "they go round in a circle");
        if (node.state == State::held) resolved_.held.try_emplace(resource.address, *node.hold);
        if (node.state == State::pending) pending.push_back(pending_of(node));
        if (node.state == State::filled) {
          filled.push_back(node.value().pointer);
        } else {
          left.push_back(std::move(node.value()));
        }
      }
      resource.open = std::move(left);
      settle_sets(resource, extra_of(resource.address, input_.providers), filled, &pending);
      if (!pending.empty()) resolved_.pending[resource.address] = std::move(pending);
    }
  }

  static Pending pending_of(Node& node) {
    std::sort(node.after.begin(), node.after.end());
    node.after.erase(std::unique(node.after.begin(), node.after.end()), node.after.end());
    return {node.value().pointer, std::move(node.after)};
  }

  struct Hash {
    std::size_t operator()(const Address* address) const {
      return std::hash<std::string>()(address->name);
    }
  };
  struct Equal {
    bool operator()(const Address* a, const Address* b) const { return *a == *b; }
  };

  Resolved& resolved_;
  const ResolveInput& input_;
  std::vector<Node> nodes_;
  // First and one behind the last node of a resource.
  std::unordered_map<const Address*, std::pair<std::size_t, std::size_t>, Hash, Equal> of_resource_;
};

}  // namespace

void fill_references(Resolved& resolved, const ResolveInput& input) {
  Filling(resolved, input).run();
}

}  // namespace homeostat
