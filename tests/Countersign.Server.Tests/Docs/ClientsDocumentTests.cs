using Countersign.Server.Tests.Clients;

namespace Countersign.Server.Tests.Docs;

public sealed class ClientsDocumentTests
{
    [Fact]
    public void Each_client_of_the_matrix_has_its_row_and_no_row_is_of_another() =>
        Assert.Equal(ClientProgram.All.Select(client => client.Name), ClientsDocument.Clients);

    [Fact]
    public void Each_client_has_what_it_shows_when_it_is_denied() =>
        Assert.All(ClientProgram.All, client => Assert.Contains("Denied: this fetch", ClientsDocument.BeginningOfDenial(client.Name, "clone"), StringComparison.Ordinal));
}
