"""The port on a GPU of Vulkan's; without one in the machine, on Mesa's software device (see __main__)."""
