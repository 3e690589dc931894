#include "reconciler/contract/story.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "reconciler/names.hpp"

namespace homeostat::contract {
namespace {

// One file, in memory.
class TextSource final : public Source {
 public:
  explicit TextSource(const std::string& text) : text_(text) {}
  [[nodiscard]] const Revision& revision() const override { return revision_; }
  [[nodiscard]] const std::string& folder() const override { return folder_; }
  [[nodiscard]] Result<std::optional<std::string>> read(std::string_view path) const override {
    return path == name ? std::optional<std::string>(text_) : std::nullopt;
  }
  [[nodiscard]] std::vector<std::string> list(const std::set<std::string>& /*skip*/,
                                              Errors& /*errors*/) const override {
    return {name};
  }

 private:
  static constexpr const char* name = "homeostat.yaml";
  const std::string& text_;
  Revision revision_;
  std::string folder_ = "/nowhere";
};

std::string in_braces(const Fields& fields, int number) {
  std::string text;
  for (const auto& [field, value] : fields) {
    text += fmt::format("{}{}: {}", text.empty() ? "" : ", ", field, numbered(value, number));
  }
  return "{ " + text + " }";
}

// A tree of keys, printed as YAML blocks.
struct Tree {
  std::string value;
  std::map<std::string, Tree> below;

  void print(std::string& out, std::size_t depth) const {
    for (const auto& [key, tree] : below) {
      out += fmt::format("{}\"{}\": {}\n", std::string(depth * 2, ' '), key, tree.value);
      tree.print(out, depth + 1);
    }
  }
};

}  // namespace

std::string kind_of(const std::string& name) { return name.substr(0, name.find('/')); }

std::string numbered(std::string text, int number) {
  for (std::size_t at = 0; (at = text.find('#', at)) != std::string::npos;) {
    text.replace(at, 1, std::to_string(number));
  }
  return text;
}

std::string joined(const std::vector<std::string>& lines) {
  return lines.empty() ? "nothing" : fmt::format("{}", fmt::join(lines, ", "));
}

tl::expected<Spec, Errors> load_text(const std::string& text,
                                     std::span<const ProviderSchema> types) {
  return load_spec(TextSource(text), types);
}

tl::expected<Spec, Errors> load_text(const std::string& text) {
  std::vector<ProviderSchema> types;
  for (const ProviderType& type : builtin_providers()) types.push_back(type.info().schema);
  return load_text(text, types);
}

std::string spec_text(const std::string& head, const Sample& sample,
                      const std::map<int, Fields>& things) {
  Tree tree;
  const KindSchema* kind = find_kind(kind_of(sample.name));
  for (const auto& [number, fields] : things) {
    Tree* at = &tree.below[kind->section];
    const std::string full = numbered(sample.name, number);
    for (const std::string& part : name_components(full.substr(full.find('/') + 1))) {
      at = &at->below[part];
    }
    at->value = in_braces(fields, number);
  }
  std::string text = "homeostat: 1\nsite: " + std::string(check_site) + "\n" + head;
  tree.print(text, 0);
  return text;
}

tl::expected<Judged, Errors> Bench::read(const std::string& text) const {
  auto spec = load_text(text);
  if (!spec) return tl::unexpected(std::move(spec).error());
  return Judged{std::move(*spec), {}};
}

ScratchFolder::ScratchFolder() {
  std::error_code code;
  std::string name =
      (std::filesystem::temp_directory_path(code) / "homeostat-check-XXXXXX").string();
  if (!code && ::mkdtemp(name.data()) != nullptr) path_ = name;
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

Story::Story(Bench& given, const Sample& sample)
    : bench(given), sample_(sample), head_(given.open()) {
  options.allow_deletes = 20;  // the guard has tests of its own
}

std::string Story::name(int number) const { return numbered(sample_.name, number); }

void Story::declare(int number, const Fields& changed) {
  Fields fields = sample_.fields;
  for (const auto& [field, value] : changed) fields[field] = value;
  const KindSchema* kind = find_kind(kind_of(sample_.name));
  if (kind != nullptr && kind->holds_data) {
    fields["on_remove"] = "delete";
  }
  declared_[number] = std::move(fields);
  known_.insert(number);
}

void Story::rename(const Sample& sample, const std::string& head) {
  sample_ = sample;
  head_ = head;
}

Request Story::request() const {
  Request request;
  request.ledger_path = folder_.path() + "/ledger.db";
  request.options = options;
  // Consent to what the story itself declares and removes.
  const KindSchema* kind = find_kind(kind_of(sample_.name));
  for (const int number : known_) {
    const bool there = declared_.count(number) != 0 || !bench.peek(name(number)).empty();
    if (kind->holds_data && there) request.options.allow_destroy.push_back(name(number));
  }
  request.record = true;
  request.timing = bench.timing();
  return request;
}

tl::expected<Round, Errors> Story::look(std::stop_token stop) {
  auto judged = bench.read(spec_text(head_, sample_, declared_));
  if (!judged) {
    for (const Error& error : judged.error()) {
      expect(false, "the spec is refused: " + to_string(error));
    }
    return tl::unexpected(std::move(judged).error());
  }
  auto round = homeostat::look(std::move(*judged), request(), std::move(stop));
  if (!round) {
    for (const Error& error : round.error()) expect(false, "no plan: " + to_string(error));
  }
  return round;
}

std::vector<std::string> Story::lines_of(const Round& round) {
  std::vector<std::string> lines;
  for (const Change& change : round.planned.plan.changes) {
    lines.push_back(fmt::format("{} {}{}{}", name_of(change.action),
                                display(change.address, false, false), change.hold ? " held" : "",
                                change.quiet ? " quiet" : ""));
  }
  for (const auto& [scope, state] : round.observed.scopes) {
    if (state.unknown) {
      lines.push_back(fmt::format("unknown {}: {}", to_string(scope), state.unknown->message));
    }
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

std::vector<std::string> Story::plan() {
  const auto round = look();
  return round ? lines_of(*round) : std::vector<std::string>{"no plan"};
}

std::vector<std::string> Story::carry_out(Round& round, std::stop_token stop,
                                          std::stop_token cancel) {
  const Applied applied = homeostat::apply(round, {}, std::move(stop), std::move(cancel));
  std::vector<std::string> lines;
  for (const Outcome& outcome : applied.outcomes) {
    if (outcome.kind == OutcomeKind::done) continue;
    lines.push_back(fmt::format("{} {}: {}", name_of(outcome.kind),
                                display(outcome.address, false, false),
                                outcome.error ? outcome.error->message : ""));
  }
  for (const Change* change : applied.lingering) {
    lines.push_back("lingering " + display(change->address, false, false));
  }
  for (const Error& error : applied.errors) lines.push_back("error: " + error.message);
  return lines;
}

std::vector<std::string> Story::apply() {
  auto round = look();
  return round ? carry_out(*round) : std::vector<std::string>{"no plan"};
}

void Story::settle(const std::string& when) {
  const std::vector<std::string> trouble = apply();
  expect(trouble.empty(), fmt::format("{}, apply says: {}", when, joined(trouble)));
  expect_plan({}, when + ", once it is applied");
}

void Story::expect(bool holds, const std::string& complaint) {
  if (!holds) complaints_.push_back(complaint);
}

void Story::expect_plan(const std::vector<std::string>& wanted, const std::string& when) {
  const std::vector<std::string> found = plan();
  expect(found == wanted,
         fmt::format("{}, the plan should be {} and is {}", when, joined(wanted), joined(found)));
}

}  // namespace homeostat::contract
