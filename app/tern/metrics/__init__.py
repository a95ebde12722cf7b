"""What the machine is doing: memory, speed, roofline. Pure where possible; knows no window."""
