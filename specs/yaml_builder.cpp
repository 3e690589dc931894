#include "specs/yaml_builder.hpp"

#include <fmt/format.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <iterator>

#include "specs/utf8.hpp"
#include "specs/yaml_errors.hpp"
#include "specs/yaml_stream.hpp"

namespace homeostat::yaml {

namespace {

constexpr std::string_view standard_tag = "tag:yaml.org,2002:";

// How many nodes a text holds, aliases not counted.
class NodeCounter final : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark& mark) override {
    if (mark.pos == document_) throw Stop{};
    document_ = mark.pos;
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& /*mark*/, YAML::anchor_t /*anchor*/) override { ++nodes_; }
  void OnAlias(const YAML::Mark& /*mark*/, YAML::anchor_t /*anchor*/) override {}
  void OnScalar(const YAML::Mark& /*mark*/, const std::string& /*tag*/, YAML::anchor_t /*anchor*/,
                const std::string& /*value*/) override {
    ++nodes_;
  }
  void OnSequenceStart(const YAML::Mark& /*mark*/, const std::string& /*tag*/,
                       YAML::anchor_t /*anchor*/, YAML::EmitterStyle::value /*style*/) override {
    enter();
  }
  void OnSequenceEnd() override { --depth_; }
  void OnMapStart(const YAML::Mark& /*mark*/, const std::string& /*tag*/, YAML::anchor_t /*anchor*/,
                  YAML::EmitterStyle::value /*style*/) override {
    enter();
  }
  void OnMapEnd() override { --depth_; }

  explicit NodeCounter(std::size_t max_depth) : max_depth_(max_depth) {}
  [[nodiscard]] std::size_t nodes() const { return nodes_; }

 private:
  void enter() {
    ++nodes_;
    if (++depth_ > max_depth_) throw Stop{};
  }
  std::size_t max_depth_;
  std::size_t nodes_ = 0;
  std::size_t depth_ = 0;
  int document_ = -1;  // yaml-cpp begins one at the same place for ever behind a stray `,`
};

// Up to the first mistake, if there is one.
std::size_t count_nodes(std::string_view text, std::size_t max_depth) {
  TextBuffer buffer(text);
  std::istream stream(&buffer);
  NodeCounter counter(max_depth);
  try {
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(counter)) {
    }
  } catch (const YAML::Exception&) {
    return counter.nodes();
  } catch (const Stop&) {
    return counter.nodes();
  }
  return counter.nodes();
}

// Recursion is bounded by Limits::max_depth.
std::size_t measure(const Node& node, std::size_t& nodes) {
  ++nodes;
  std::size_t height = 0;
  for (const Node& item : node.items) height = std::max(height, measure(item, nodes));
  const bool collection = node.kind == NodeKind::sequence || node.kind == NodeKind::mapping;
  return collection ? height + 1 : 0;
}

bool is_null_word(std::string_view text) {
  return text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL";
}

}  // namespace

Builder::Builder(const Text& text, std::uint32_t file, const Limits& limits, Errors& errors)
    : text_(text), file_(file), limits_(limits), errors_(errors) {}

void Builder::stop(Error error) {
  errors_.push_back(std::move(error));
  throw Stop{};
}

Context Builder::context() const {
  Context context;
  context.last = last_;
  if (open_.empty()) return context;
  const Open& inner = open_.back();
  context.in_flow = inner.flow;
  context.flow_start = inner.pos;
  context.column = inner.mapping && !inner.flow ? inner.column : -1;
  return context;
}

bool Builder::report_open_quote() {
  if (!any_quoted_) return false;
  const std::size_t quote = skip_properties(text_.view(), last_quoted_);
  if (quote_end(text_.view(), quote) != std::string_view::npos) return false;
  errors_.push_back(open_quote(text_, quote));
  if (!documents_.empty()) documents_.pop_back();
  return true;
}

Origin Builder::origin(const YAML::Mark& mark) {
  Origin at = {file_, static_cast<std::uint32_t>(mark.line + 1),
               static_cast<std::uint32_t>(mark.column + 1)};
  if (text_.ascii()) return at;
  // yaml-cpp counts bytes. Events come in order, mostly, so that each byte is looked at once.
  const auto pos = static_cast<std::size_t>(mark.pos);
  if (mark.line != counted_line_ || pos < counted_pos_) {
    counted_line_ = mark.line;
    counted_pos_ = pos - static_cast<std::size_t>(mark.column);
    counted_characters_ = 0;
  }
  const std::string_view more = text_.view().substr(counted_pos_, pos - counted_pos_);
  counted_characters_ += static_cast<std::uint32_t>(utf8_count(more));
  counted_pos_ = pos;
  at.column = counted_characters_ + 1;
  return at;
}

// An empty value has no text; yaml-cpp gives the place of whatever comes next. Better is that of
// the key, or of the dash.
Origin Builder::null_origin(const YAML::Mark& mark) {
  if (open_.empty()) return origin(mark);
  const Open& inner = open_.back();
  const std::string_view rest = text_.view().substr(static_cast<std::size_t>(mark.pos));
  const bool word = rest.starts_with('~') || rest.starts_with('n') || rest.starts_with('N') ||
                    rest.starts_with('&');
  if (inner.mapping && (values_.size() - inner.first) % 2 == 1) {
    const Origin& key = values_.back().at;
    const Origin here = origin(mark);
    const bool sibling = here.line != key.line && here.column <= key.column;
    return word && !sibling ? here : key;
  }
  if (inner.mapping || inner.flow || word || mark.pos == 0) return origin(mark);
  const std::size_t dash = text_.view().rfind('-', static_cast<std::size_t>(mark.pos) - 1);
  if (dash == std::string_view::npos) return origin(mark);
  const std::size_t start = text_.line_start(dash);
  const std::string_view before = text_.view().substr(start, dash - start);
  return {file_, static_cast<std::uint32_t>(text_.line(dash)),
          static_cast<std::uint32_t>(utf8_count(before) + 1)};
}

// In a block, yaml-cpp takes a last line `key` for `key:`, and gives the key's place again.
bool Builder::is_bare_key(const YAML::Mark& mark) const {
  if (open_.empty() || !open_.back().mapping || open_.back().flow) return false;
  return (values_.size() - open_.back().first) % 2 == 1 &&
         static_cast<std::size_t>(mark.pos) == last_;
}

void Builder::begin(const YAML::Mark& mark) {
  last_ = static_cast<std::size_t>(mark.pos);
  ++parsed_;
  if (text_.has_tabs()) check_tab(mark);
}

void Builder::check_tab(const YAML::Mark& mark) {
  if (!open_.empty() && open_.back().flow) return;
  const auto pos = static_cast<std::size_t>(mark.pos);
  if (std::optional<Error> error = tab_in_indentation(text_, pos)) stop(std::move(*error));
}

void Builder::OnDocumentStart(const YAML::Mark& mark) {
  values_.clear();
  open_.clear();
  anchors_.clear();
  const auto pos = static_cast<std::size_t>(mark.pos);
  // yaml-cpp begins a document of its own where a text goes on behind its end, and the same one for
  // ever where it cannot use what stands there.
  if (any_document_ && pos == document_) stop(odd_character(text_, pos));
  if (any_document_ && !starts_document(text_, pos)) {
    stop(text_.error(pos, "what stands above is complete, this belongs to nothing",
                     "check the indentation of this line and of those above"));
  }
  document_ = pos;
  any_document_ = true;
}

void Builder::OnDocumentEnd() {
  for (Node& node : values_) {
    if (node.kind != NodeKind::null || node.reset) documents_.push_back(std::move(node));
  }
  values_.clear();
}

void Builder::OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) {
  const Origin at = null_origin(mark);
  if (is_bare_key(mark)) errors_.push_back(missing_colon(text_, last_));
  begin(mark);
  Node& node = values_.emplace_back();
  node.at = at;
  if (anchor != 0) remember(anchor, node);
}

void Builder::OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       const std::string& value) {
  begin(mark);
  Node& node = values_.emplace_back();
  node.kind = NodeKind::scalar;
  node.at = origin(mark);
  node.text = value;
  if (tag.size() == 1) {
    node.quoted = tag[0] == '!';
  } else {
    apply_tag(node, tag, last_);
  }
  if (node.quoted) {
    any_quoted_ = true;
    last_quoted_ = last_;
  }
  if (anchor != 0) remember(anchor, node);
}

void Builder::apply_tag(Node& node, const std::string& tag, std::size_t pos) {
  if (tag == "!default") {
    if (!node.text.empty()) {
      errors_.push_back(text_.error(pos, "`!default` takes no value",
                                    "write `!default` alone, or the value alone"));
    }
    node.kind = NodeKind::null;
    node.reset = true;
    node.text.clear();
    return;
  }
  std::string_view word = tag;
  if (word.starts_with(standard_tag)) word.remove_prefix(standard_tag.size());
  const bool standard = word.size() < tag.size();
  if (standard && word == "str") {
    node.quoted = true;
  } else if (standard && word == "null" && is_null_word(node.text)) {
    node.kind = NodeKind::null;
    node.text.clear();
  } else if (standard && (word == "map" || word == "seq" || word == "null")) {
    errors_.push_back(
        text_.error(pos, fmt::format("`!!{}` does not fit this value", word), "remove the tag"));
  } else if (!standard || (word != "int" && word != "bool" && word != "float")) {
    errors_.push_back(unknown_tag(text_, pos, tag));
    if (node.text.empty()) node.reset = true;  // likely a `!default`; one error is enough
  }
}

void Builder::check_collection_tag(const std::string& tag, bool mapping, std::size_t pos) {
  if (tag.size() == 1) return;
  std::string_view word = tag;
  if (word.starts_with(standard_tag)) word.remove_prefix(standard_tag.size());
  if (word.size() < tag.size() && word == (mapping ? "map" : "seq")) return;
  if (tag == "!default") {
    errors_.push_back(text_.error(pos, "`!default` takes no value",
                                  "write `!default` alone, or the value alone"));
  } else if (word.size() < tag.size() && (word == "str" || word == "int" || word == "bool" ||
                                          word == "map" || word == "seq" || word == "null")) {
    errors_.push_back(
        text_.error(pos, fmt::format("`!!{}` does not fit this value", word), "remove the tag"));
  } else {
    errors_.push_back(unknown_tag(text_, pos, tag));
  }
}

void Builder::OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) {
  begin(mark);
  const std::size_t index = anchor - 1;
  if (index >= anchors_.size() || !anchors_[index].complete) {
    stop(text_.error(last_,
                     fmt::format("`{}` stands inside the value that it refers to",
                                 first_word(text_.view(), last_)),
                     "a value cannot contain itself; write out what you mean"));
  }
  const Anchored& target = anchors_[index];
  charge(made_by_aliases_, target.nodes, last_, "aliases make this file too large");
  if (open_.size() + target.height > limits_.max_depth) {
    stop(too_deep(text_, last_, limits_.max_depth));
  }
  values_.push_back(target.node);
}

void Builder::OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                              YAML::EmitterStyle::value style) {
  check_collection_tag(tag, false, static_cast<std::size_t>(mark.pos));
  open(mark, anchor, false, style == YAML::EmitterStyle::Flow);
}

void Builder::OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value style) {
  check_collection_tag(tag, true, static_cast<std::size_t>(mark.pos));
  open(mark, anchor, true, style == YAML::EmitterStyle::Flow);
}

void Builder::open(const YAML::Mark& mark, YAML::anchor_t anchor, bool mapping, bool flow) {
  begin(mark);
  if (open_.size() == limits_.max_depth) stop(too_deep(text_, last_, limits_.max_depth));
  open_.push_back(Open{values_.size(), mapping, flow, anchor, last_, mark.column, origin(mark)});
  // Its place is kept, so that an alias inside it is known to be one to itself.
  if (anchor != 0 && anchors_.size() < anchor) anchors_.resize(anchor);
}

void Builder::close(NodeKind kind) {
  const Open ended = open_.back();
  open_.pop_back();
  const auto first = values_.begin() + static_cast<std::ptrdiff_t>(ended.first);
  Node node;
  node.kind = kind;
  node.at = ended.at;
  node.items.assign(std::make_move_iterator(first), std::make_move_iterator(values_.end()));
  values_.erase(first, values_.end());
  if (kind == NodeKind::mapping) tidy_mapping(node.items);
  values_.push_back(std::move(node));
  if (ended.anchor != 0) remember(ended.anchor, values_.back());
}

void Builder::remember(YAML::anchor_t anchor, const Node& node) {
  if (anchors_.size() < anchor) anchors_.resize(anchor);
  Anchored& kept = anchors_[anchor - 1];
  kept.height = measure(node, kept.nodes);
  // Anchors inside anchors are kept once each, so they are counted too.
  charge(kept_for_aliases_, kept.nodes, last_, "anchors inside anchors make this file too large");
  kept.node = node;
  kept.complete = true;
}

void Builder::charge(std::size_t& made, std::size_t nodes, std::size_t pos, const char* message) {
  made += nodes;
  const auto limit = [&](std::size_t parsed) {
    return limits_.alias_factor * parsed + limits_.alias_slack;
  };
  if (made <= limit(parsed_)) return;
  // What comes further down counts as well; it is looked at only in this rare case.
  if (parsed_in_all_ == 0) parsed_in_all_ = count_nodes(text_.view(), limits_.max_depth);
  if (made <= limit(std::max(parsed_, parsed_in_all_))) return;
  stop(text_.error(
      pos,
      fmt::format("{} (more than {} values)", message, limit(std::max(parsed_, parsed_in_all_))),
      "write the values out, or use fewer aliases"));
}

}  // namespace homeostat::yaml
