/* Groups of artifacts that are built without Maven, so that their archives do not say them, and
 * that advisories are published for. Names as the artifact's own project publishes them in Maven
 * Central. */
#include "eco/java_name.h"

struct group {
	const char *artifact; /* with '*' at its end: all that begin so */
	const char *group;
};

static const struct group groups[] = {
    {"spring-boot*", "org.springframework.boot"},
    {"spring-security*", "org.springframework.security"},
    {"spring-data*", "org.springframework.data"},
    {"spring-cloud*", "org.springframework.cloud"},
    {"spring-integration*", "org.springframework.integration"},
    {"spring-batch*", "org.springframework.batch"},
    {"spring-session*", "org.springframework.session"},
    {"spring-ldap*", "org.springframework.ldap"},
    {"spring-ws*", "org.springframework.ws"},
    {"spring-amqp", "org.springframework.amqp"},
    {"spring-rabbit*", "org.springframework.amqp"},
    {"spring-kafka*", "org.springframework.kafka"},
    {"spring-retry", "org.springframework.retry"},
    {"spring-hateoas", "org.springframework.hateoas"},
    {"spring-webflow", "org.springframework.webflow"},
    {"spring-graphql", "org.springframework.graphql"},
    {"spring-aop", "org.springframework"},
    {"spring-aspects", "org.springframework"},
    {"spring-beans", "org.springframework"},
    {"spring-context*", "org.springframework"},
    {"spring-core", "org.springframework"},
    {"spring-expression", "org.springframework"},
    {"spring-instrument", "org.springframework"},
    {"spring-jcl", "org.springframework"},
    {"spring-jdbc", "org.springframework"},
    {"spring-jms", "org.springframework"},
    {"spring-messaging", "org.springframework"},
    {"spring-orm", "org.springframework"},
    {"spring-oxm", "org.springframework"},
    {"spring-r2dbc", "org.springframework"},
    {"spring-test", "org.springframework"},
    {"spring-tx", "org.springframework"},
    {"spring-web", "org.springframework"},
    {"spring-webflux", "org.springframework"},
    {"spring-webmvc*", "org.springframework"},
    {"spring-websocket", "org.springframework"},
    {"tomcat-embed*", "org.apache.tomcat.embed"},
    {"tomcat*", "org.apache.tomcat"},
    {"lucene*", "org.apache.lucene"},
    {"kafka*", "org.apache.kafka"},
    {"groovy*", "org.codehaus.groovy"},
    {"kotlin*", "org.jetbrains.kotlin"},
    {"elasticsearch*", "org.elasticsearch"},
    {"bcprov*", "org.bouncycastle"},
    {"bcpkix*", "org.bouncycastle"},
    {"bcmail*", "org.bouncycastle"},
    {"bcpg*", "org.bouncycastle"},
    {"bctls*", "org.bouncycastle"},
    {"bc-fips", "org.bouncycastle"},
    {"hibernate-core", "org.hibernate"},
    {"hibernate-validator", "org.hibernate.validator"},
    {"okhttp", "com.squareup.okhttp3"},
    {"okio*", "com.squareup.okio"},
    {"retrofit", "com.squareup.retrofit2"},
    {"postgresql", "org.postgresql"},
    {"h2", "com.h2database"},
    {"hsqldb", "org.hsqldb"},
    {"derby*", "org.apache.derby"},
    {"ant", "org.apache.ant"},
    {"ivy", "org.apache.ivy"},
    {"axis", "org.apache.axis"},
    {"velocity", "org.apache.velocity"},
    {"struts", "struts"},
    {"xstream", "com.thoughtworks.xstream"},
    {"xercesImpl", "xerces"},
    {"xalan", "xalan"},
    {"batik*", "org.apache.xmlgraphics"},
    {"fop", "org.apache.xmlgraphics"},
    {"poi*", "org.apache.poi"},
    {"dom4j", "org.dom4j"},
    {"jdom", "org.jdom"},
    {"jdom2", "org.jdom"},
    {"c3p0", "com.mchange"},
    {"quartz", "org.quartz-scheduler"},
    {"snakeyaml", "org.yaml"},
    {"commons-beanutils", "commons-beanutils"},
    {"commons-codec", "commons-codec"},
    {"commons-collections", "commons-collections"},
    {"commons-collections4", "org.apache.commons"},
    {"commons-compress", "org.apache.commons"},
    {"commons-fileupload", "commons-fileupload"},
    {"commons-httpclient", "commons-httpclient"},
    {"commons-io", "commons-io"},
    {"commons-lang", "commons-lang"},
    {"commons-lang3", "org.apache.commons"},
    {"commons-logging", "commons-logging"},
    {"commons-text", "org.apache.commons"},
    {"log4j", "log4j"},
    {"junit", "junit"},
    {"netty", "io.netty"},
    {"undertow-core", "io.undertow"},
    {"resteasy*", "org.jboss.resteasy"},
    {"zookeeper", "org.apache.zookeeper"},
    {"mysql-connector-java", "mysql"},
    {"mysql-connector-j", "com.mysql"},
    {"mariadb-java-client", "org.mariadb.jdbc"},
    {"mssql-jdbc", "com.microsoft.sqlserver"},
    {"micronaut*", "io.micronaut"},
    {"gradle*", "org.gradle"},
    {"jenkins-core", "org.jenkins-ci.main"},
    {"jenkins-war", "org.jenkins-ci.main"},
    {"rhino", "org.mozilla"},
};

struct bytes java_group_of(struct bytes artifact)
{
	for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) {
		struct bytes name = bytes_of(groups[i].artifact);
		bool all = bytes_has_suffix_lit(name, "*");
		name.len -= all;
		if (all ? bytes_has_prefix(artifact, name) &&
			      (artifact.len == name.len || !byte_is_alpha(artifact.ptr[name.len]))
			: bytes_eq(artifact, name))
			return bytes_of(groups[i].group);
	}
	return BYTES_NONE;
}
