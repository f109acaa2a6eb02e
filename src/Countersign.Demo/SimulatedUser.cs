namespace Countersign.Demo;

/// <summary>What preauth says of somebody.</summary>
internal enum SimulatedAccess
{
    Ask,
    Bypass,
    Deny,
    Enrol,
}

internal sealed record SimulatedDevice(string Id, string Name, params string[] Capabilities);

/// <summary>Somebody whom the simulator knows.</summary>
internal sealed class SimulatedUser(string name)
{
    public string Name => name;

    public SimulatedAccess Access { get; set; } = SimulatedAccess.Ask;

    /// <summary>The rule asks for Verified Push: a number is typed in Duo Mobile.</summary>
    public bool VerifiedPush { get; set; }

    /// <summary>preauth tells the number already; else the status text does.</summary>
    public bool CodeInPreauth { get; set; }

    public string EnrolLink { get; set; } = "https://enrol.duo.example/portal?code=48bac5d9393fb2c2";

    public List<SimulatedDevice> Devices { get; } = [new("DPFZRS9FB0D46QFTM891", "iPhone", "auto", "push", "sms", "phone", "mobile_otp")];

    /// <summary>Each opens once.</summary>
    public HashSet<string> Passcodes { get; } = [];
}
