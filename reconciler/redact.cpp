#include "reconciler/redact.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>

#include "reconciler/lookups.hpp"
#include "reconciler/paths.hpp"

namespace homeostat {
namespace {

constexpr std::string_view hash_prefix = "hmac:";
constexpr std::size_t hash_bytes = 16;

bool encloses_secret(const FieldSchema& field) {
  return field.secret || std::ranges::any_of(field.fields, encloses_secret);
}

bool secret_by_schema(const KindSchema& kind, const ProviderKindSchema* extra,
                      const FieldPath& path) {
  for (std::size_t end = path.find('/');; end = path.find('/', end + 1)) {
    const FieldSchema* field = field_at(kind, extra, std::string_view(path).substr(0, end));
    if (field != nullptr && field->secret) return true;
    if (end == std::string::npos) return field != nullptr && encloses_secret(*field);
  }
}

bool holds_secret(const OpenValue& open) {
  return std::ranges::any_of(
      open.parts, [](const TemplatePart& part) { return part.kind == TemplatePart::Kind::secret; });
}

bool secret_by_reference(const Resource& desired, const FieldPath& path) {
  return std::ranges::any_of(desired.open, [&](const OpenValue& open) {
    if (!holds_secret(open)) return false;
    const FieldPath at = path_of_pointer(open.pointer);
    return covers(path, at) || covers(at, path);
  });
}

bool is_text(const FieldSchema& field) {
  if (!field.fields.empty()) return std::ranges::any_of(field.fields, is_text);
  return field.type == Type::text || field.type == Type::url;
}

// Text of no form of its own, which people may have put anything into. Less what tells them which
// thing it is, and lists that are compared item by item.
bool is_free_text(const FieldSchema& field) {
  static constexpr std::array<std::string_view, 7> telling{
      "name", "image", "template", "storage", "node", "docker_container", "values"};
  if (std::ranges::find(telling, field.name) != telling.end()) return false;
  if (field.keyed && field.type == Type::list) return false;
  if (!field.fields.empty()) return std::ranges::any_of(field.fields, is_free_text);
  return is_text(field) && (!field.check || field.name == "description");
}

// Walks the attributes down to the values that are compared as one, and replaces those that are to
// be hidden.
struct Hiding {
  const KindSchema& kind;
  const ProviderKindSchema* extra;
  std::function<bool(const FieldPath&, const nlohmann::json&)> hidden;
  // Of a keyed map's key: whether nobody but the live system says it.
  std::function<bool(const FieldPath&)> unstated;
  std::function<nlohmann::json(const nlohmann::json&)> replace;

  void hide(nlohmann::json& value, const FieldSchema* field, const FieldPath& path) const {
    const bool keyed_map = field != nullptr && field->type == Type::map && field->keyed;
    const bool object = path == "extra" || (field != nullptr && field->type == Type::object);
    if (value.is_object() && (keyed_map || object)) {
      for (auto item = value.begin(); item != value.end(); ++item) {
        const FieldPath below = path + "/" + encode_component(item.key());
        if (keyed_map && unstated(below)) {
          *item = replace(*item);
        } else {
          hide(*item, field_at(kind, extra, below), below);
        }
      }
    } else if (hidden(path, value)) {
      value = replace(value);
    }
  }

  void all(Attributes& attributes) const {
    for (auto item = attributes.begin(); item != attributes.end(); ++item) {
      hide(*item, kind.field(item.key()), encode_component(item.key()));
    }
  }
};

nlohmann::json replace_by_word(const nlohmann::json& value) {
  return value.is_null() ? value : nlohmann::json(redacted);
}

// Finds what must not be seen of a live resource.
Hiding hiding_of_live(const Resource* desired, const Owned* owned, const KindSchema& kind,
                      const ProviderKindSchema* extra, const KnownSecrets& known) {
  const auto was_secret = [owned](const FieldPath& path) {
    return owned != nullptr && std::ranges::any_of(owned->agreed, [&](const Agreed& agreed) {
             return is_hash(agreed.value) &&
                    (covers(path, agreed.path) || covers(agreed.path, path));
           });
  };
  return Hiding{
      .kind = kind,
      .extra = extra,
      .hidden =
          [=, &kind, &known](const FieldPath& path, const nlohmann::json& value) {
            if (is_secret(desired, kind, extra, path) || was_secret(path)) return true;
            const FieldSchema* field = field_at(kind, extra, path);
            if (field == nullptr || !is_text(*field)) return false;
            const bool nobodys = desired == nullptr && owned == nullptr;
            return (nobodys && is_free_text(*field)) || known.tell(value);
          },
      .unstated =
          [=, &kind](const FieldPath& path) {
            return desired == nullptr || value_at(desired->attributes, path, kind, extra).is_null();
          },
      .replace = replace_by_word,
  };
}

}  // namespace

std::string keyed_hash(std::string_view key, std::string_view value) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest = {};
  unsigned int length = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(value.data()), value.size(), digest.data(), &length);
  std::string text(hash_prefix);
  for (std::size_t i = 0; i < hash_bytes; ++i) text += fmt::format("{:02x}", digest.at(i));
  return text;
}

SecretHash make_secret_hash(std::string key) {
  return [key = std::move(key)](std::string_view value) { return keyed_hash(key, value); };
}

bool is_hash(const nlohmann::json& value) {
  if (!value.is_string()) return false;
  const auto& text = value.get_ref<const std::string&>();
  return text.size() == hash_prefix.size() + 2 * hash_bytes && text.starts_with(hash_prefix) &&
         text.find_first_not_of("0123456789abcdef", hash_prefix.size()) == std::string::npos;
}

nlohmann::json hashed(const nlohmann::json& value, const SecretHash& hash) {
  if (value.is_null() || is_hash(value)) return value;
  if (value.is_string()) return hash(value.get_ref<const std::string&>());
  return hash(value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

bool is_secret(const Resource* desired, const KindSchema& kind, const ProviderKindSchema* extra,
               const FieldPath& path) {
  if (desired != nullptr && secret_by_reference(*desired, path)) return true;
  return secret_by_schema(kind, extra, path);
}

Attributes redact_desired(const Resource& desired, const KindSchema& kind,
                          const ProviderKindSchema* extra) {
  Attributes attributes = desired.attributes;
  const Hiding hiding{
      .kind = kind,
      .extra = extra,
      .hidden =
          [&](const FieldPath& path, const nlohmann::json&) {
            const nlohmann::json written = value_at(desired.attributes, path, kind, extra);
            if (written.is_string() && has_template(written.get_ref<const std::string&>())) {
              return false;  // names the secret, does not tell it
            }
            return is_secret(&desired, kind, extra, path);
          },
      .unstated = [](const FieldPath&) { return false; },
      .replace = replace_by_word,
  };
  hiding.all(attributes);
  return attributes;
}

Attributes redact_live(const Attributes& live, const Resource* desired, const Owned* owned,
                       const KindSchema& kind, const ProviderKindSchema* extra,
                       const KnownSecrets& known) {
  Attributes attributes = live;
  hiding_of_live(desired, owned, kind, extra, known).all(attributes);
  return attributes;
}

KnownSecrets::KnownSecrets(const SecretValues& secrets, const LedgerView& ledger,
                           const SecretHash& hash)
    : now_(scrubber_of(secrets)), before_(ledger.secrets), hash_(hash) {
  for (const auto& [address, owned] : ledger.owned) {
    for (const Agreed& agreed : owned.agreed) {
      if (is_hash(agreed.value)) before_.insert(agreed.value.get<std::string>());
    }
  }
}

bool KnownSecrets::tell(const nlohmann::json& value) const {
  if (!value.is_string() && !value.is_structured()) return false;
  if (!before_.empty() && before_.contains(hashed(value, hash_).get<std::string>())) return true;
  if (value.is_string()) return now_.finds(value.get_ref<const std::string&>());
  return std::ranges::any_of(value, [this](const nlohmann::json& item) { return tell(item); });
}

Observed hash_secrets(Observed observed, const Desired& desired, const LedgerView& ledger,
                      const std::map<std::string, const ProviderInfo*>& providers,
                      const KnownSecrets& known, const SecretHash& hash) {
  for (auto& [scope, state] : observed.scopes) {
    for (LiveResource& live : state.resources) {
      const KindSchema* kind = find_kind(live.address.kind);
      if (kind == nullptr) continue;
      // What is seen in a scope is this provider's, whatever an old marker says.
      const Address seen{{}, live.address.kind, {}, scope.provider};
      const ProviderKindSchema* extra = extra_of(seen, providers);
      auto declared = desired.find(live.address);
      const Owned* owned = row_of(ledger, live.address);
      if (live.marker && declared == desired.end() && owned == nullptr) {
        if (const Result<Address> marked = parse_address(live.marker->address)) {
          declared = desired.find(*marked);
          owned = row_of(ledger, *marked);
        }
      }
      Hiding hiding = hiding_of_live(declared == desired.end() ? nullptr : &declared->second, owned,
                                     *kind, extra, known);
      hiding.replace = [&](const nlohmann::json& value) { return hashed(value, hash); };
      hiding.all(live.attributes);
    }
  }
  return observed;
}

}  // namespace homeostat
