// What yaml-cpp refuses, in plain words; and what it ought to refuse.
#pragma once

#include <yaml-cpp/exceptions.h>

#include <optional>
#include <string>
#include <string_view>

#include "specs/yaml_builder.hpp"

namespace homeostat::yaml {

[[nodiscard]] Error explain(const Text& text, const YAML::Exception& exception,
                            const Context& context);

// The error for a tab before the first character of the line of `pos`, if there is one.
[[nodiscard]] std::optional<Error> tab_in_indentation(const Text& text, std::size_t pos);
[[nodiscard]] Error missing_colon(const Text& text, std::size_t key);
// For a character that no value starts with, or that stands where it means nothing.
[[nodiscard]] Error odd_character(const Text& text, std::size_t pos);
[[nodiscard]] Error open_quote(const Text& text, std::size_t quote);
[[nodiscard]] Error unknown_tag(const Text& text, std::size_t pos, std::string_view tag);
[[nodiscard]] Error too_deep(const Text& text, std::size_t pos, std::size_t max_depth);

// Behind the tags and anchors that stand at `pos`.
[[nodiscard]] std::size_t skip_properties(std::string_view text, std::size_t pos);
// Behind the closing quote of the text whose opening quote stands at `pos`; `pos` where there is
// no quote; npos where it is never closed.
[[nodiscard]] std::size_t quote_end(std::string_view text, std::size_t pos);
// Up to the next blank, comma or bracket.
[[nodiscard]] std::string first_word(std::string_view text, std::size_t pos);
// Whether a document may begin at `pos`: at `---`, or behind `...`.
[[nodiscard]] bool starts_document(const Text& text, std::size_t pos);

}  // namespace homeostat::yaml
