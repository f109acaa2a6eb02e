using Microsoft.AspNetCore.Html;
using QRCoder;

namespace Countersign.Server.Web.Views;

/// <summary>A QR code as an inline SVG element: it never has an address of its own that could be kept or logged.</summary>
internal static class QrPicture
{
    public static IHtmlContent Of(string text)
    {
        using var data = QRCodeGenerator.GenerateQrCode(text, QRCodeGenerator.ECCLevel.M);
        using var picture = new SvgQRCode(data);
        return new HtmlString(picture.GetGraphic(4, "#000000", "#ffffff", drawQuietZones: true, SvgQRCode.SizingMode.ViewBoxAttribute));
    }
}
