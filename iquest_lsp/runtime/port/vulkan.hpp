// Vulkan's header for C++ with what ggml-vulkan.cpp wants of it and versions before 1.3.272 do not have (Debian 12 has
// 1.3.239). Lies before the system's header in the order of search.
#pragma once

#include_next <vulkan/vulkan.hpp>

#if VK_HEADER_VERSION < 272
#include <vector>

namespace vk {

enum class LayerSettingTypeEXT : uint32_t { eBool32 = 0 };

// VkLayerSettingEXT
struct LayerSettingEXT {
    const char *        layer;
    const char *        name;
    LayerSettingTypeEXT type;
    uint32_t            count;
    const void *        values;
};

// VkLayerSettingsCreateInfoEXT, read by the validation layer and left out by everything else
struct LayerSettingsCreateInfoEXT {
    VkStructureType         type     = static_cast<VkStructureType>(1000496000);
    const void *            next     = nullptr;
    uint32_t                count    = 0;
    const LayerSettingEXT * settings = nullptr;

    LayerSettingsCreateInfoEXT(const std::vector<LayerSettingEXT> & all) : count(all.size()), settings(all.data()) {}
};

} // namespace vk
#endif
