#include "proxy/access_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "authority.h"
#include "config_folder.h"

namespace prometheus_rsocket::proxy {
namespace {

using testing::HasSubstr;

constexpr const char* kHash = "$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW";

// Two files, and what they name.
class AccessFilesTest : public ConfigFolderTest {
 protected:
  void SetUp() override {
    ConfigFolderTest::SetUp();
    write("web.yml", user("alice"));
    write("rsocket.yml", tokens({"token"}));
    write("token", "a-good-token-0001\n");
    static const test::Identity identity = test::Authority("a").issue();
    write("cert", identity.certificates);
    write("key", identity.private_key);
    files_.emplace(path("web.yml"), path("rsocket.yml"));
    const auto access = files_->load();
    ASSERT_TRUE(access.web) << access.web.error();
    ASSERT_TRUE(access.clients) << access.clients.error();
  }

  [[nodiscard]] std::string path(const std::string& name) const { return folder_ / name; }
  // As an editor does: another file takes its name.
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(path("new")) << text;
    std::filesystem::rename(path("new"), path(name));
  }
  static std::string user(const std::string& name) {
    return "basic_auth_users:\n  " + name + ": " + kHash + "\n";
  }
  static std::string tokens(const std::vector<std::string>& files) {
    std::string text = "tls_server_config:\n  cert_file: cert\n  key_file: key\ntokens:\n";
    for (const std::string& file : files) text += "  - token_file: " + file + "\n";
    return text;
  }
  // At two looks, as the server does.
  [[nodiscard]] bool has_changed() {
    static_cast<void>(files_->has_changed());
    return files_->has_changed();
  }

  std::optional<AccessFiles> files_;
};

TEST_F(AccessFilesTest, WhatIsTheSameIsTheSameValue) {
  const auto before = files_->load();
  write("web.yml", "# alice alone\n" + user("alice"));
  EXPECT_TRUE(has_changed());
  const auto after = files_->load();
  EXPECT_EQ(*after.web, *before.web);
  EXPECT_EQ(*after.clients, *before.clients);
  write("web.yml", user("bob"));
  EXPECT_NE(*files_->load().web, *before.web);
  write("token", "another-token-02\n");
  const auto with_other_token = files_->load();
  EXPECT_NE(*with_other_token.clients, *before.clients);
  EXPECT_EQ((*with_other_token.clients)->tls, (*before.clients)->tls) << "these are the same";
}

TEST_F(AccessFilesTest, WhileOneIsBrokenTheOtherIsReadWhenItChanges) {
  for (const std::string broken : {"web.yml", "rsocket.yml"}) {
    const std::string other = broken == "web.yml" ? "rsocket.yml" : "web.yml";
    write(broken, "nonsense\n");
    EXPECT_TRUE(has_changed());
    auto access = files_->load();
    EXPECT_FALSE(has_changed()) << "it is told once";
    write(other, other == "web.yml" ? user("bob") : tokens({"other"}));
    write("other", "another-token-02\n");
    EXPECT_TRUE(has_changed()) << other;
    access = files_->load();
    EXPECT_EQ(access.web.has_value(), other == "web.yml");
    EXPECT_EQ(access.clients.has_value(), other != "web.yml");
    if (access.web) {
      EXPECT_TRUE((*access.web)->users.contains("bob"));
    } else {
      EXPECT_EQ((*access.clients)->tokens.at(0).digest, access::sha256("another-token-02"));
    }
    write(broken, broken == "web.yml" ? user("carol") : tokens({"token"}));
    EXPECT_TRUE(has_changed());
    access = files_->load();
    EXPECT_TRUE(access.web.has_value() && access.clients.has_value());
  }
}

TEST_F(AccessFilesTest, WhatABrokenOneNamesIsReadWhenItChanges) {
  write("web.yml", "nonsense\n");
  write("rsocket.yml", tokens({"missing", "token"}));
  auto access = files_->load();
  ASSERT_FALSE(access.clients);
  EXPECT_THAT(access.clients.error(), HasSubstr("rsocket.yml:5:"));
  write("token", "another-token-02\n");
  EXPECT_TRUE(has_changed());
  access = files_->load();
  write("missing", "a-third-token-003\n");
  EXPECT_TRUE(has_changed());
  access = files_->load();
  ASSERT_TRUE(access.clients) << access.clients.error();
  EXPECT_EQ((*access.clients)->tokens.at(1).digest, access::sha256("another-token-02"));
}

}  // namespace
}  // namespace prometheus_rsocket::proxy
