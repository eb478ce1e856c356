// SPDX-License-Identifier: Apache-2.0
// What is refused before any key is looked at.
#include <catch2/catch.hpp>

#include "unit/config/config_tree.hpp"

using namespace aldis::config;

TEST_CASE("YAML that reads differently than it looks is refused with its place") {
  struct Case {
    std::string text;
    std::string told;
  };
  const std::vector<Case> cases{
      {"\xEF\xBB\xBFnode: {id: 1}\n", "aldisd.yaml:1:1: starts with a byte order mark; save it without\n"},
      {"node: {id: 1}\nx-a: \"\xC3(\"\n", "aldisd.yaml:2:7: not valid UTF-8\n"},
      {"x-a: \"\xED\xA0\x80\"\n", "aldisd.yaml:1:7: not valid UTF-8\n"},
      {"x-a: \"\xC0\xAF\"\n", "aldisd.yaml:1:7: not valid UTF-8\n"},
      {"x-a: \"\xF4\x90\x80\x80\"\n", "aldisd.yaml:1:7: not valid UTF-8\n"},
      {"x-a: é\x04\nnode: 1\n", "aldisd.yaml:1:7: a control character (0x04)\n"},
      {"node:\n\tid: 1\n", "aldisd.yaml:2:1: a tab in the indentation; use spaces\n"},
      {"node:\n  \tid: 1\n", "aldisd.yaml:2:3: a tab in the indentation; use spaces\n"},
      {"x-a: 1\n---\nx-b: 2\n", "aldisd.yaml:2:1: a second document; one file is one document\n"},
      {"x-a: &here 1\n",
       "aldisd.yaml:1:6: an anchor (&); repetition is what defaults and profiles are for\n"},
      {"x-a: &here 1\nx-b: *here\n",
       "aldisd.yaml:1:6: an anchor (&); repetition is what defaults and profiles are for\n"
       "aldisd.yaml:2:6: an alias (*); repetition is what defaults and profiles are for\n"},
      {"x-b: *nowhere\n",
       "aldisd.yaml:1:6: an alias (*); repetition is what defaults and profiles are for\n"},
      {"node:\n  <<: {id: 1}\n",
       "aldisd.yaml:2:3: a merge key (<<); repetition is what defaults and profiles are for\n"},
      {"node: {id: !!int 1}\n", "aldisd.yaml:1:12: a tag (!); write the value plainly\n"},
      {"node: {id: ! 1}\n", "aldisd.yaml:1:12: a tag (!); write the value plainly\n"},
      {"node: !mine {id: 1}\n", "aldisd.yaml:1:7: a tag (!); write the value plainly\n"},
      {"? [a, b]\n: 1\n", "aldisd.yaml:1:3: a key that is not a plain word\n"},
      {"~: 1\n", "aldisd.yaml:1:1: a key that is not a plain word\n"},
      {"node: {id: 1\n", "aldisd.yaml:2:1: not YAML: end of map flow not found\n"},
      {"- 1\n- 2\n", "aldisd.yaml:1:1: needs a map of keys (got a list)\n- 1\n^\n"},
  };
  ConfigTree tree;
  for (const auto& each : cases) {
    INFO(each.text);
    tree.write("aldisd.yaml", each.text);
    const Loaded loaded = load_aldisd(tree.options);
    CHECK_FALSE(loaded.ok);
    CHECK(tree.told(loaded) == each.told);
  }
}

TEST_CASE("a file of 16 MiB is read and one octet more is not") {
  ConfigTree tree;
  const std::string head = "schema_version: 1\n#";
  tree.write("aldisd.yaml", head + std::string((16u << 20) - head.size(), ' '));
  CHECK(tree.told(load_aldisd(tree.options)).empty());
  tree.write("aldisd.yaml", head + std::string((16u << 20) - head.size() + 1, ' '));
  CHECK(tree.told(load_aldisd(tree.options)) == "aldisd.yaml: cannot read: larger than 16384 KiB\n");
}

TEST_CASE("32 levels are read and 33 are not, however deep the file goes") {
  ConfigTree tree;
  const auto nested = [](std::size_t levels) {
    return "x-a: " + std::string(levels, '[') + std::string(levels, ']') + "\n";
  };
  CHECK(tree.told(nested(31)).empty());
  CHECK(tree.told(nested(32)) == "aldisd.yaml:2:37: nested deeper than 32 levels\n");
  CHECK(tree.told(nested(100'000)) == "aldisd.yaml:2:37: nested deeper than 32 levels\n");
}

TEST_CASE("more than two million values are refused") {
  ConfigTree tree;
  std::string text = "x-a: [";
  for (int i = 0; i < 2'000'001; ++i) { text += "0,"; }
  const std::string told = tree.told(text + "]\n");
  CHECK(told.ends_with(": more than 2000000 values\n"));
}

TEST_CASE("an empty file is an empty map") {
  ConfigTree tree;
  tree.write("aldisd.yaml", "# nothing\n");
  CHECK(tree.told(load_aldisd(tree.options)) == "aldisd.yaml:1:1: schema_version: required\n");
}

TEST_CASE("a file that is not there, or is a directory, says so") {
  ConfigTree tree;
  CHECK(tree.told(load_aldisd(tree.options)) == "aldisd.yaml: cannot read: No such file or directory\n");
  std::filesystem::create_directory(tree.at("aldisd.yaml"));
  CHECK(tree.told(load_aldisd(tree.options)) == "aldisd.yaml: cannot read: Is a directory\n");
}

TEST_CASE("a key given twice is told with the first place, in maps of any depth") {
  ConfigTree tree;
  CHECK(tree.told("storage: {path: /a, path: /b}\nnode: {id: 1}\nstorage: {path: /c}\n") ==
        "aldisd.yaml:2:21: storage.path: given twice; first at aldisd.yaml:2:11\n"
        "aldisd.yaml:4:1: storage: given twice; first at aldisd.yaml:2:1\n");
  CHECK(tree.load("storage: {path: /a, path: /b}\n").settings.storage.path == "/a");
}

TEST_CASE("x- keys are allowed anywhere, also null and twice nested, and ignored") {
  ConfigTree tree;
  CHECK(tree.told("x-note: [a, {b: }]\nstorage: {x-why: ~, path: /a}\n" + account() +
                  "    x-crm-id: \"4711\"\n")
            .empty());
}

TEST_CASE("columns count characters, and the caret stands under the one meant") {
  ConfigTree tree;
  CHECK(tree.told("x-é: {ü: 1}\nrouting: 1\n") ==
        "aldisd.yaml:3:1: routing: unknown key; known here: schema_version, node, include, runtime, storage, "
        "smpp, http, webhooks\n");
  CHECK(tree.told("storage: {x-é: \"ü\", reserve_segments: 1}\n") ==
        "aldisd.yaml:2:39: storage.reserve_segments: 1 is below 2\n"
        "storage: {x-é: \"ü\", reserve_segments: 1}\n"
        "                                      ^\n");
}
