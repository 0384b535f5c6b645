// A folder of the test's own for its configuration file; gone with the test.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace prometheus_rsocket::proxy {

class ConfigFolderTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "proxy_test.XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  // Its path.
  std::string file(const std::string& text) const {
    const std::string path = folder_ / "f.yml";
    std::ofstream(path) << text;
    return path;
  }

  std::filesystem::path folder_;
};

}  // namespace prometheus_rsocket::proxy
