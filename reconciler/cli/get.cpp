#include <CLI/CLI.hpp>
#include <algorithm>

#include "reconciler/cli/cli.hpp"
#include "reconciler/paths.hpp"
#include "reconciler/redact.hpp"

namespace homeostat::cli {
namespace {

struct Wanted {
  Address address;
  FieldPath path;
};

// Keys may hold dots, so each dot is tried as the one before the field, from the right.
Result<Wanted> split(const Desired& desired, const std::string& text) {
  for (auto dot = text.rfind('.'); dot != std::string::npos && dot > 0;
       dot = text.rfind('.', dot - 1)) {
    const auto address = find_address(desired, text.substr(0, dot));
    if (address) return Wanted{*address, text.substr(dot + 1)};
  }
  const auto dot = text.rfind('.');
  if (dot == std::string::npos) {
    return fail(ErrorKind::invalid_spec, text + " names no field",
                "write ADDRESS.FIELD, as in container/forgejo.ip");
  }
  return tl::unexpected(find_address(desired, text.substr(0, dot)).error());
}

int refuse(ErrorKind kind, std::string message, std::string hint = {}) {
  return print_error(fail(kind, std::move(message), std::move(hint)).value());
}

// "env.TZ" is taken for "env/TZ" where there is no other way to read it.
FieldPath field_path(const FieldPath& written, const KindSchema& kind,
                     const ProviderKindSchema* extra) {
  if (field_at(kind, extra, written) != nullptr) return written;
  FieldPath below = written;
  if (const auto dot = below.find('.'); dot != FieldPath::npos) below[dot] = '/';
  if (field_at(kind, extra, below) != nullptr) return below;
  std::ranges::replace(below, '.', '/');
  return below;
}

std::vector<std::string> names_of(const KindSchema& kind) {
  std::vector<std::string> names;
  for (const FieldSchema& field : kind.fields) names.push_back(field.name);
  return names;
}

bool holds_redacted(const nlohmann::json& value) {
  if (!value.is_structured()) return value == nlohmann::json(redacted);
  return std::ranges::any_of(value, holds_redacted);
}

int get(const Round& round, const std::string& what) {
  auto wanted = split(round.planned.desired, what);
  if (!wanted) return print_error(wanted.error());
  const Resource& resource = round.planned.desired.at(wanted->address);
  const KindSchema& kind = *find_kind(wanted->address.kind);
  const auto& kinds = round.infos.at(wanted->address.provider)->schema.kinds;
  const auto found = kinds.find(kind.name);
  const ProviderKindSchema* extra = found == kinds.end() ? nullptr : &found->second;
  const FieldPath written = wanted->path;
  wanted->path = field_path(written, kind, extra);
  if (field_at(kind, extra, wanted->path) == nullptr) {
    const std::string near = suggestion(written, names_of(kind));
    return refuse(ErrorKind::invalid_spec, kind.name + " has no field " + written,
                  near.empty() ? "`homeostat providers` lists the fields" : near);
  }
  if (is_secret(&resource, kind, extra, wanted->path)) {
    return refuse(ErrorKind::invalid_spec, what + " is a secret, and secrets are not printed");
  }
  nlohmann::json value = value_at(resource.attributes, wanted->path, kind, extra);
  const auto live = round.planned.live.find(wanted->address);
  if (value.is_null() && live != round.planned.live.end() && live->second != nullptr) {
    value =
        value_at(live_to_show(round, wanted->address, *live->second), wanted->path, kind, extra);
    if (holds_redacted(value)) {
      return refuse(ErrorKind::invalid_spec,
                    what + " may be a secret, and secrets are not printed");
    }
  }
  if (value.is_null()) {
    return refuse(ErrorKind::not_found, what + " is neither stated nor known of the live system");
  }
  print((value.is_string() ? value.get<std::string>() : json_text(value)) + "\n");
  return 0;
}

}  // namespace

void add_get(CLI::App& app, Global& global, Command& command) {
  auto what = std::make_shared<std::string>();
  CLI::App* verb = add_verb(app, global,
                            {.name = "get",
                             .brief = "Print one value, for scripts.",
                             .more = "What the spec says, else what is live.",
                             .examples = "  ssh $(homeostat get container/forgejo.ip)\n"
                                         "  homeostat get dns/lab/forgejo/A.values\n",
                             .subject = "ADDRESS.FIELD"},
                            what.get());
  add_revision_options(*verb, global);
  verb->callback([&global, &command, what] {
    command = [&global, what] {
      return with_round(request_of(global), [&](const Round& round) { return get(round, *what); });
    };
  });
}

}  // namespace homeostat::cli
